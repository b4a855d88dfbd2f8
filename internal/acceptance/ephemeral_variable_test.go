package acceptance_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/leaktest"
)

// TestSecretsOfASavedPlan holds what the guide on authentication says of a secret that is a variable: the saved plan shows it, unless the
// variable is declared as the guide has it, and then the apply needs it again.
func TestSecretsOfASavedPlan(t *testing.T) {
	t.Parallel()
	needsEphemeral(t)
	guide := readExample(t, "..", "templates", "guides", "authentication.md.tmpl")
	declaration := regexp.MustCompile(`(?s)variable "secret_key" \{.*?\n\}\n`).FindString(guide)
	if !strings.Contains(declaration, "ephemeral = true") {
		t.Fatalf("the guide has %q", declaration)
	}
	for name, test := range map[string]struct {
		declaration string
		shown       bool
	}{
		"as in the guide": {declaration, false},
		"sensitive alone": {regexp.MustCompile(`(?m)^ *ephemeral = true.*\n`).ReplaceAllString(declaration, ""), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box := newSandbox(t)
			folder := writeConfiguration(t, box, fstest.MapFS{"main.tf": {Data: []byte(terraformBlock + test.declaration + fmt.Sprintf(`
provider "hwgate" {
  region     = "cn-north-4"
  access_key = %q
  secret_key = var.secret_key
}

resource "terraform_data" "test" {}
`, "AK"))}})
			run := func(environment []string, arguments ...string) (string, error) {
				out, err := box.Run(t.Context(), folder, environment, arguments...)
				return string(out), err
			}
			secret := []string{"TF_VAR_secret_key=" + hiddenSecret}
			if out, err := run(secret, "plan", "-no-color", "-input=false", "-out=tfplan"); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			plan, err := run(nil, "show", "-json", "tfplan")
			if err != nil {
				t.Fatalf("%v\n%s", err, plan)
			}
			if strings.Contains(plan, hiddenSecret) != test.shown {
				t.Errorf("the saved plan shows the secret: %t", !test.shown)
			}
			if !test.shown {
				leaktest.Check(t, "the saved plan", plan, hidden...)
			}
			if out, err := run(nil, "apply", "-no-color", "-input=false", "tfplan"); (err == nil) != test.shown {
				t.Errorf("applied without the variable: %v\n%s", err, out)
			}
			if out, err := run(secret, "apply", "-no-color", "-input=false", "tfplan"); !test.shown && err != nil {
				t.Errorf("applied with the variable: %v\n%s", err, out)
			}
		})
	}
}
