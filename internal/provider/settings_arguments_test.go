package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// TestProviderSettings holds each setting of the provider block to what it does.
func TestProviderSettings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		given       arguments
		environment map[string]string
		want        string
	}{
		"no credential": {
			given: arguments{"region": "cn-north-4"},
			want:  "No credentials found. Set HW_ACCESS_KEY and HW_SECRET_KEY, or see the guide on authentication.",
		},
		"no region": {
			given: arguments{"token": "t"},
			want: "No region is set. Set region in the provider block or the data source, or the environment variable HW_REGION_NAME or " +
				"OS_REGION_NAME.",
		},
		"half a pair":        {given: arguments{"region": "cn-north-4", "access_key": "A"}, want: "access_key is in the provider block, secret_key is not. Set both there, or remove"},
		"other half":         {given: arguments{"region": "cn-north-4", "secret_key": "S"}, want: "secret_key is in the provider block, access_key is not. Set both there, or remove"},
		"half a pair in env": {environment: map[string]string{"HW_REGION_NAME": "cn-north-4", "OS_ACCESS_KEY": "A"}, want: "OS_ACCESS_KEY is set, but neither HW_SECRET_KEY nor OS_SECRET_KEY is."},
		"keys in two places": {
			given:       arguments{"region": "cn-north-4", "access_key": "A"},
			environment: map[string]string{"HW_SECRET_KEY": "S"},
			want:        "access_key is in the provider block, secret_key is not. Set both there, or remove",
		},
		"empty key":      {given: arguments{"access_key": ""}, want: "The provider argument access_key cannot be used: it is empty."},
		"key with space": {given: arguments{"token": "a\nb"}, want: "The provider argument token cannot be used: it holds a line break, wanted printable ASCII characters"},
		"bad endpoint":   {given: arguments{"endpoints": "coc=ftp://x"}, want: `The address of coc cannot be used: "ftp://x" given, the scheme is "ftp"`},
		"empty endpoint": {given: arguments{"endpoints": "coc="}, want: `The address of coc cannot be used: it is empty.`},
		"bad auth_url":   {given: arguments{"auth_url": "https://u:p@iam.example.com"}, want: `must not hold a user name or password`},
		"bad region":     {environment: map[string]string{"HW_REGION_NAME": "a b"}, want: "taken from the environment variable HW_REGION_NAME,"},
		"bad cloud":      {given: arguments{"cloud": "https://x"}, want: `"https://x" given, wanted a domain such as myhuaweicloud.com`},
		"language":       {given: arguments{"language": "de"}, want: `"de" given, wanted one of en-us, zh-cn`},
		"retries":        {given: arguments{"max_retries": "-1"}, want: "The value of max_retries cannot be used: -1 is less than 0."},
		"retries in env": {environment: map[string]string{"HW_MAX_RETRIES": "many"}, want: `"many" given, wanted a whole number from 0`},
		"insecure":       {environment: map[string]string{"OS_INSECURE": "perhaps"}, want: `"perhaps" given, wanted true or false`},
		"no PEM text":    {given: arguments{"cacert_file": ""}, want: "The provider argument cacert_file cannot be used: it is empty."},
		"PEM text":       {given: arguments{"cacert_file": "-----BEGIN NOTHING-----"}, want: "the PEM text holds no certificate"},
		"no such file": {
			given: arguments{"token": "t", "region": "cn-north-4", "cacert_file": "/nonexistent/ca.pem"},
			want:  "The file of cacert_file cannot be used: /nonexistent/ca.pem: no such file",
		},
	}
	block := start(t, provider.Options{}, nil).schemas.Provider
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Nothing may be sent, but for the look at the machine's metadata.
			svc := cloudtest.New(cloudtest.Report(t.Errorf))
			for _, at := range []string{machineAt, hardenedAt} {
				svc.At(at).Then(http.NotFoundHandler())
			}
			options := provider.Options{WrapTransport: svc.Transport, Getenv: func(name string) string { return test.environment[name] }}
			told, failed := validated(t, test.given.values(t, block)), true
			if told == "" {
				told, failed = configured(t.Context(), t, options, test.given)
			}
			if !failed || !strings.Contains(told, test.want) {
				t.Errorf("wanted an error with %q, failed: %t\n%s", test.want, failed, told)
			}
		})
	}
}
