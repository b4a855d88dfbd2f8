package acceptance_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// TestManyReadsShare reads two hundred orders and twenty workspaces in one plan: they share connections, token and project look-up.
func TestManyReadsShare(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	for i := range 200 {
		cloud.Order(fmt.Sprintf("SCT%d", i)).Then(cloudtest.Ready(1))
	}
	for i := range 20 {
		cloud.Workspace(fmt.Sprintf("ws-%d", i)).Then(cloudtest.Jobs(map[string]int{"success": 1}))
	}
	cloud.IAM().Then(&cloudtest.Account{Token: "token-of-the-sign-in", Projects: map[string]string{"cn-north-4": projectID}})
	config := terraformBlock + fmt.Sprintf(`
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
`, cloud.URL)
	box := newSandbox(t)
	out, err := terraform(t, writeConfiguration(t, box, fstest.MapFS{"main.tf": {Data: []byte(config)}}), []string{
		"HW_REGION_NAME=cn-north-4", "HW_USER_NAME=ci", "HW_USER_PASSWORD=password", "HW_DOMAIN_NAME=account",
	}, "plan", "-no-color", "-input=false")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	asked := map[string]int{}
	for _, request := range cloud.Log() {
		kind, _, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/v"), "/")
		asked[map[string]string{"1": "order", "2": "workspace", "3": "IAM"}[kind]]++
		if request.Method != http.MethodPost && request.Header.Get("X-Auth-Token") != "token-of-the-sign-in" {
			t.Errorf("%s was asked without the token", request.URL.Path)
		}
	}
	signIns, projects := len(cloud.Log().To("POST /v3/auth/tokens?*")), len(cloud.Log().To("/v3/projects?*"))
	if asked["order"] != 200 || asked["workspace"] != 20 || signIns != 1 || projects != 1 {
		t.Errorf("asked %v, %d sign-ins and %d projects, want one sign-in and one project", asked, signIns, projects)
	}
	// Terraform reads ten data sources at a time.
	if connections := cloud.Connections(); connections > 12 {
		t.Errorf("%d connections, want 12 at the most", connections)
	}
}

// TestManyOrders waits for eight orders in one for_each of the real CLI and can tell their errors apart.
func TestManyOrders(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	for i := range 8 {
		cloud.Order(fmt.Sprintf("SCT%d", i)).Then(cloudtest.Error(http.StatusForbidden, "APIGW.0302", "no"))
	}
	config := cloud.header("") + `
data "coc_script_order" "many" {
  provider            = hwgate
  for_each            = toset([for i in range(8) : "SCT${i}"])
  execute_uuid        = each.key
  wait_for_completion = true
}
`
	var want []string
	for i := range 8 {
		want = append(want, fmt.Sprintf("Error: Cannot read COC script order SCT%d", i))
	}
	fails(t, nil, config, want...)
}
