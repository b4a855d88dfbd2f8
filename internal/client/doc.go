// Package client reads the five Huawei Cloud APIs behind the provider's data sources. It imports nothing of Terraform;
// the tags of the wire types are the API's own names of their fields, under which the state keeps them too.
//
// One request goes through these layers, one file each:
//
//	coc.go, dataarts.go, roma.go    one method per API call: path, query, headers, decoding
//	target.go, project.go           which region, project and host a call goes to
//	request.go                      building the request, and what is an answer to it
//	retry.go                        the loop of attempts, and the policy of retrying
//	attempt.go                      one attempt: credential, signature, time limit, bounded body
//	auth_lending.go, auth_sign.go   which credential an attempt goes with, and how it is signed
//	errors.go, text.go              what an [Error] says, and what it must not repeat
//	scan.go, json.go                strict form, lenient content: null, absent, numbers in strings, unexpected types
//
// # Answers
//
// A read takes HTTP 200 alone, with a JSON object in which no object has a member twice. An error code at its top makes it an error,
// whatever stands beside it. A field of a wire type is nil where the answer leaves it out. Warnings name informational fields of an
// unexpected type, which are nil, too. Bodies of more than 1 MiB share a bound on memory over the whole client.
//
// # Retries
//
// Every read is a GET, so every read may be repeated. Repeated are: 429, 502, 503 and 504; 500 without a service code or with a
// code that names a passing fault; connections that were refused, reset or timed out. Not repeated are: any other status (a repeated
// 401 locks the key), certificate errors, a name that does not resolve, a proxy that wants a password, a body over the bound, a failed
// sign-in, which has retries of its own. Pauses grow from one second, with jitter; 429 and 503 may name their own with Retry-After. A
// pause that would outlast the context's deadline is not begun: the failure is reported at once.
//
// # Authentication
//
// What an answer says about the credential is read in one place, auth_refusal.go, from status and code: it refuses it, proves it, or
// says nothing. auth_lending.go keeps an unproven credential from going out many times at once, and a refused one from going out again.
// auth_renewing.go fetches credentials that expire: one sign-in at a time, in the background while the current one is valid, its failure
// shared by all readers. The sources themselves are auth_password.go, auth_agency.go, auth_oidc.go and auth_metadata.go.
package client
