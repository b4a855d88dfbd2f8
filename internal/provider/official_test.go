package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// officialSettings are the arguments of the official provider's block in version 1.97.1, with the environment variables of each.
// https://registry.terraform.io/providers/huaweicloud/huaweicloud/1.97.1/docs
var officialSettings = map[string]string{
	"region":             "HW_REGION_NAME OS_REGION_NAME",
	"access_key":         "HW_ACCESS_KEY OS_ACCESS_KEY",
	"secret_key":         "HW_SECRET_KEY OS_SECRET_KEY",
	"security_token":     "HW_SECURITY_TOKEN",
	"domain_id":          "HW_DOMAIN_ID OS_DOMAIN_ID OS_USER_DOMAIN_ID OS_PROJECT_DOMAIN_ID",
	"domain_name":        "HW_DOMAIN_NAME OS_DOMAIN_NAME OS_USER_DOMAIN_NAME OS_PROJECT_DOMAIN_NAME",
	"user_name":          "HW_USER_NAME OS_USERNAME",
	"user_id":            "HW_USER_ID OS_USER_ID",
	"password":           "HW_USER_PASSWORD OS_PASSWORD",
	"project_id":         "HW_PROJECT_ID OS_PROJECT_ID",
	"project_name":       "HW_PROJECT_NAME OS_PROJECT_NAME",
	"tenant_id":          "OS_TENANT_ID",
	"tenant_name":        "OS_TENANT_NAME",
	"token":              "HW_AUTH_TOKEN OS_AUTH_TOKEN",
	"insecure":           "HW_INSECURE OS_INSECURE",
	"cacert_file":        "OS_CACERT",
	"cert":               "OS_CERT",
	"key":                "OS_KEY",
	"agency_name":        "OS_AGENCY_NAME",
	"agency_domain_name": "OS_AGENCY_DOMAIN_NAME",
	"delegated_project":  "OS_DELEGATED_PROJECT",
	"auth_url":           "HW_AUTH_URL OS_AUTH_URL",
	"cloud":              "HW_CLOUD",
	"endpoints":          "",
	"regional":           "",
	"shared_config_file": "HW_SHARED_CONFIG_FILE",
	"profile":            "HW_PROFILE",
	"max_retries":        "HW_MAX_RETRIES",
	"assume_role": "HW_ASSUME_ROLE_AGENCY_NAME HW_ASSUME_ROLE_DOMAIN_NAME HW_ASSUME_ROLE_DOMAIN_ID " +
		"HW_ASSUME_ROLE_DURATION",
	"assume_role_with_oidc": "HW_ASSUME_ROLE_AGENCY_NAME HW_ASSUME_ROLE_DOMAIN_ID HW_ASSUME_ROLE_DURATION HW_ASSUME_ROLE_IDP_ID " +
		"HW_ASSUME_ROLE_ID_TOKEN HW_ASSUME_ROLE_ID_TOKEN_FILE",
	"enterprise_project_id":   "HW_ENTERPRISE_PROJECT_ID",
	"enable_force_new":        "HW_ENABLE_FORCE_NEW",
	"signing_algorithm":       "HW_SIGNING_ALGORITHM",
	"skip_check_website_type": "SKIP_CHECK_WEBSITE_TYPE",
	"skip_check_upgrade":      "SKIP_CHECK_UPGRADE",
	"default_tags":            "",
	"ignore_tags":             "",
}

// TestOfficialSettings finds each argument of the official provider in the schema, with its environment variables, or among what the
// provider's page says is not supported.
func TestOfficialSettings(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "index.md"))
	if err != nil {
		t.Fatal(err)
	}
	guide, schema, found := strings.Cut(string(page), "\n## Schema\n")
	_, unsupported, listed := strings.Cut(guide, "\nNot supported:\n")
	if !found || !listed {
		t.Fatal("the page lacks the schema, or the list of what is not supported")
	}
	unsupported, _, _ = strings.Cut(unsupported, "\n## ")
	arguments, _, _ := strings.Cut(schema, "\n### Nested Schema")
	for argument, variables := range officialSettings {
		described := regexp.MustCompile("(?m)^- `" + argument + "` .*$").FindString(arguments)
		if strings.HasPrefix(argument, "assume_role") {
			_, described, _ = strings.Cut(schema, "### Nested Schema for `"+argument+"`\n")
			described, _, _ = strings.Cut(described, "\n### ")
		}
		if described == "" {
			if !strings.Contains(unsupported, "`"+argument+"`") {
				t.Errorf("%s is neither in the schema nor listed as not supported", argument)
			}
			continue
		}
		for variable := range strings.FieldsSeq(variables) {
			if !strings.Contains(described, "`"+variable+"`") {
				t.Errorf("the description of %s lacks the variable %s:\n%s", argument, variable, described)
			}
		}
	}
}
