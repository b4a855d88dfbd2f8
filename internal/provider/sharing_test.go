package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/hwgate/terraform-provider-hwgate/internal/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

// TestManyReadsShare reads two hundred orders and twenty workspaces in one plan: they share connections, token and project look-up.
func TestManyReadsShare(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, nil)
	for i := range 200 {
		cloud.Order(fmt.Sprintf("SCT%d", i)).Then(cloudtest.Ready(1))
	}
	for i := range 20 {
		cloud.Workspace(fmt.Sprintf("ws-%d", i)).Then(cloudtest.Jobs(map[string]int{"success": 1}))
	}
	cloud.IAM().Then(&cloudtest.Account{Token: "token-of-the-log-in", Projects: map[string]string{"cn-north-4": projectID}})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: served(provider.Options{}, map[string]string{
			"HW_REGION_NAME": "cn-north-4", "HW_USER_NAME": "ci", "HW_USER_PASSWORD": "password", "HW_DOMAIN_NAME": "account",
		}),
		Steps: []resource.TestStep{{
			PlanOnly: true,
			Config: terraformBlock + fmt.Sprintf(`
provider "hwgate" {
  endpoints = { coc = %[1]q, dataarts = %[1]q, iam = %[1]q }
}
data "coc_script_order" "many" {
  provider     = hwgate
  count        = 200
  execute_uuid = "SCT${count.index}"
}
data "dataarts_instance_status" "many" {
  provider     = hwgate
  count        = 20
  workspace_id = "ws-${count.index}"
}
`, cloud.URL),
		}},
	})
	asked := map[string]int{}
	for _, request := range cloud.Log() {
		kind, _, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/v"), "/")
		asked[map[string]string{"1": "order", "2": "workspace"}[kind]]++
		if request.Method != http.MethodPost && request.Header.Get("X-Auth-Token") != "token-of-the-log-in" {
			t.Errorf("%s was asked without the token", request.URL.Path)
		}
	}
	signIns, projects := len(cloud.Log().To("POST /v3/auth/tokens?*")), len(cloud.Log().To("/v3/projects?*"))
	// Each read of the plan is in a provider process of its own. Terraform reads ten data sources at a time.
	runs := asked["order"] / 200
	if runs == 0 || signIns != runs || projects != runs || asked["order"]%200 != 0 {
		t.Errorf("asked %v, %d sign-ins and %d projects in %d runs, want one sign-in and one project each", asked, signIns, projects, runs)
	}
	if connections, most := cloud.Connections(), runs*12; connections > most {
		t.Errorf("%d connections in %d runs, want %d at the most", connections, runs, most)
	}
}
