package provider

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// place is somewhere that credentials can be written: what it holds of each argument.
type place struct {
	name string
	// value gives what an argument has here; its origin is the variable or the argument to blame.
	value func(argument string) (value types.String, origin string)
}

// credentials chooses what to authenticate with: the first place that holds anything, the provider block before the environment.
// Key, secret and security token come from one place as a set.
func (s *settings) credentials(model providerModel) client.CredentialSource {
	block := map[string]types.String{
		"access_key": model.AccessKey, "secret_key": model.SecretKey,
		"security_token": model.SecurityToken, "token": model.Token,
	}
	places := []place{
		{"the provider block", func(argument string) (types.String, string) { return block[argument], "" }},
		{"the environment", func(argument string) (types.String, string) {
			value, variable := s.fromEnvironment(argument)
			if variable == "" {
				return types.StringNull(), ""
			}
			return types.StringValue(value), variable
		}},
	}
	var passed []string
	for _, place := range places {
		source, why := s.credentialsOf(place)
		if source != nil {
			return source
		}
		passed = append(passed, place.name+": "+why)
	}
	return client.NoCredential(fmt.Errorf("tried %s. Set access_key and secret_key, or token, in the provider block, "+
		"or the environment variables HW_ACCESS_KEY and HW_SECRET_KEY, or HW_AUTH_TOKEN", strings.Join(passed, "; ")))
}

// credentialsOf gives the source that a place holds, or why it holds none.
func (s *settings) credentialsOf(from place) (client.CredentialSource, string) {
	given := map[string]string{}
	for _, argument := range []string{"token", "access_key", "secret_key", "security_token"} {
		value, origin := from.value(argument)
		switch {
		case value.IsUnknown():
			return client.NoCredential(unknown(argument)), ""
		case value.IsNull():
			continue
		}
		if why := isHeaderText.fault(value.ValueString()); why != "" {
			s.invalid(argument, origin, why)
			return client.NoCredential(errors.New(argument + " cannot be used")), ""
		}
		given[argument] = value.ValueString()
	}
	switch {
	case given["token"] != "":
		return client.StaticCredential(client.Credential{Token: given["token"]}, from.name), ""
	case given["access_key"] != "" && given["secret_key"] != "":
		return client.StaticCredential(client.Credential{
			AccessKey: given["access_key"], SecretKey: given["secret_key"], SecurityToken: given["security_token"],
		}, from.name), ""
	}
	for _, pair := range [][2]string{{"access_key", "secret_key"}, {"secret_key", "access_key"}} {
		if given[pair[0]] != "" {
			_, origin := from.value(pair[0])
			s.invalid(pair[0], origin, fmt.Sprintf("%s has no %s beside it, and the two are taken from one place (environment: %s)",
				from.name, pair[1], strings.Join(variables[pair[1]], " or ")))
			return client.NoCredential(errors.New("half a key pair")), ""
		}
	}
	if given["security_token"] != "" {
		return nil, "a security token without keys"
	}
	return nil, "no keys and no token"
}
