// Package client reads the five Huawei Cloud APIs behind the provider's data sources. It does not depend on Terraform: the tfsdk tags of
// the wire types are the API's field names, which the state uses too.
//
// A request passes through these layers:
//
//	coc.go, dataarts.go, roma.go    one method per API call: path, query, headers, decoding
//	target.go, project.go           which region, project and host a call goes to
//	request.go                      building the request, and what counts as an answer
//	retry.go                        the loop of attempts, and the retry policy
//	attempt.go                      one attempt: credential, signature, time limit, bounded body
//	auth_lending.go, auth_sign.go   the credential and the signature of an attempt
//	parse.go, json.go               strict syntax, lenient content: null, absent, numbers in strings, unexpected types
//	envelope.go, kind.go            which error an answer has, and what follows from it for retries and waits
//	errors.go, redactor.go          what an [Error] says, and which secrets it must not repeat
//
// # Answers
//
// A read accepts only HTTP 200 with a JSON object in which no object has a repeated member. An error in it, in any envelope, makes it an
// error, even next to data. A field of a wire type is nil if it is absent or null. Informational fields of an unexpected type are nil and
// named in Warnings. Bodies of more than 1 MiB share a memory limit of the client. The context is checked while an answer is decoded.
//
// # Retries
//
// Every read is a GET and can be retried. The client retries 429, 502, 503 and 504, 500 without a service code or with one of a transient
// fault, and connections that were refused, reset or timed out. It does not retry any other status (repeated 401s lock the key),
// certificate errors, names that do not resolve, proxies that ask for a password, bodies over the limit, and failed sign-ins, which have
// retries of their own. Pauses grow from one second, with jitter; Retry-After overrides them for 429 and 503. If a pause would outlast the
// context's deadline, the request fails at once.
//
// # Authentication
//
// auth_refusal.go decides whether an answer refuses the credential, proves it, or says nothing about it. auth_lending.go limits concurrent
// requests with an unproven credential or a key, and blocks a refused one. At ten reads at a time, twenty reads of one service take six
// round trips with a key, and three with a token. auth_renewing.go renews credentials that expire: one sign-in at a time,
// in the background while the current credential is valid, and all readers share its failure. The other auth files are the sources.
package client
