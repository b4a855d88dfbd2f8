package sandbox_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// reads needs a region, the credential and, for the tasks, the project.
const reads = `
data "coc_script_order" "migrate" {
  provider     = hwgate
  execute_uuid = "SCT-succeeded"
}

data "roma_fdi_task_statistics" "tasks" {
  provider    = hwgate
  instance_id = "roma-healthy"
}
`

// TestCredentialsOfTheGuide authenticates as the guide on authentication shows, with its exports and with each example of a provider block,
// against what `make mock` serves. The log says which credential was chosen.
func TestCredentialsOfTheGuide(t *testing.T) {
	t.Parallel()
	_, section, _ := strings.Cut(readPage(t, "docs", "guides", "authentication.md"), "\n## Environment\n")
	exports, _ := block(t, section, "sh")
	key := strings.NewReplacer("<access key>", "MOCKACCESSKEY", "<secret key>", "mock-secret-key").Replace(exports)
	temporary := strings.NewReplacer("<access key>", "MOCKTEMPORARYKEY", "<secret key>", "mock-temporary-secret-key").Replace(exports)
	const region, refused = "export HW_REGION_NAME=cn-north-4\n", "Incorrect IAM authentication information"
	h := install(t).with("TF_CLI_ARGS=-no-color", "TF_IN_AUTOMATION=1", "TF_LOG=INFO")
	first := initialized(t, h)
	address := mock(t)
	tests := map[string]struct {
		// provider is one of examples/provider, in which change replaces the first by the second; empty takes none.
		provider string
		change   [2]string
		exports  string
		exit     int
		says     string
	}{
		"keys in the environment":         {exports: key, says: `origin="the environment"`},
		"another key":                     {exports: strings.Replace(key, "mock-secret-key", "another-key", 1), exit: 1, says: refused},
		"temporary key without its token": {exports: temporary, exit: 1, says: refused},
		"token in the environment":        {exports: region + "export HW_AUTH_TOKEN=mock-token\n", says: `origin="the environment"`},
		"another token":                   {exports: region + "export HW_AUTH_TOKEN=another-token\n", exit: 1, says: refused},
		"keys in the provider block": {
			provider: "access_key", exports: "export TF_VAR_access_key=MOCKACCESSKEY TF_VAR_secret_key=mock-secret-key\n", says: `origin="the provider block"`,
		},
		"token in the provider block": {provider: "token", exports: "export TF_VAR_token=mock-token\n", says: `origin="the provider block"`},
		"temporary key":               {provider: "temporary_key", exports: temporary + "export HW_SECURITY_TOKEN=mock-security-token\n", says: `origin="the environment"`},
		"password":                    {provider: "password", exports: "export HW_USER_PASSWORD=mock-password\n", says: "the password sign-in of"},
		"agency by the name of its account": {
			provider: "assume_role", exports: key, says: "the agency status-reader, assumed with the environment",
		},
		"agency by the id of its account": {
			provider: "assume_role", change: [2]string{`domain_name = "production-account"`, `domain_id = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"`},
			exports: key, says: "the agency status-reader, assumed with the environment",
		},
		"identity token": {
			provider: "assume_role_with_oidc", exports: "export HW_ASSUME_ROLE_ID_TOKEN=mock-identity-token\n", says: "the agency status-reader, assumed with the identity token of",
		},
		"profile": {provider: "profile", says: "profile reader"},
	}
	examples, err := filepath.Glob(filepath.Join(root, "examples", "provider", "*.tf"))
	if err != nil || len(examples) == 0 {
		t.Fatalf("%q, %v", examples, err)
	}
	run := map[string]bool{
		"provider": true, // TestProviderExample
		"metadata": true, // asks an address that only a server in the cloud has
	}
	for _, test := range tests {
		run[test.provider] = true
	}
	for _, example := range examples {
		if name := strings.TrimSuffix(filepath.Base(example), ".tf"); !run[name] {
			t.Errorf("nothing authenticates with %s", name)
		}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			configuration := requirements + "provider \"hwgate\" {}\n"
			if test.provider != "" {
				configuration = readPage(t, "examples", "provider", test.provider+".tf")
			}
			if test.change[0] != "" {
				changed := strings.Replace(configuration, test.change[0], test.change[1], 1)
				if changed == configuration {
					t.Fatalf("there is no %s in\n%s", test.change[0], configuration)
				}
				configuration = changed
			}
			folder := workspace(t, configuration+reads)
			first.share(t, folder)
			write(t, folder, "mock_override.tf", endpoints(address))
			// The file of KooCLI is in the home directory, which other tests share.
			if err := os.MkdirAll(filepath.Join(folder, ".hcloud"), 0o750); err != nil {
				t.Fatal(err)
			}
			write(t, folder, filepath.Join(".hcloud", "config.json"), `{"current":"reader","profiles":[
				{"name":"reader","mode":"AKSK","accessKeyId":"MOCKACCESSKEY","secretAccessKey":"mock-secret-key","region":"cn-north-4"}]}`)
			exit, out := h.with("HOME="+folder).script(t, folder, test.exports+"terraform plan")
			chosen := regexp.MustCompile(`credential chosen: .*`).FindString(out)
			if exit != test.exit || !strings.Contains(words(out), test.says) || chosen == "" {
				t.Errorf("exit code %d, want %d and %q; %s\n%s", exit, test.exit, test.says, chosen, out)
			}
		})
	}
}
