package provider_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

// TestManyReadsShare reads two hundred orders and twenty workspaces in one plan: they share connections, token and project look-up.
func TestManyReadsShare(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	asked := map[string]int{}
	connections := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := `{"data":{"status":"READY"}}`
		kind := "order"
		switch {
		case strings.HasSuffix(r.URL.Path, "/auth/tokens"):
			w.Header().Set("X-Subject-Token", "token-of-the-log-in")
			w.WriteHeader(http.StatusCreated)
			kind, body = "log-in", `{"token":{"expires_at":"2999-01-01T00:00:00Z"}}`
		case r.URL.Path == "/v3/projects":
			kind, body = "project", `{"projects":[{"id":"`+projectID+`","name":"cn-north-4"}]}`
		case strings.Contains(r.URL.Path, "/factory/"):
			kind, body = "workspace", `{"success_count":1}`
		}
		if kind != "log-in" && r.Header.Get("X-Auth-Token") != "token-of-the-log-in" {
			t.Errorf("%s was asked without the token", r.URL.Path)
		}
		mu.Lock()
		asked[kind]++
		mu.Unlock()
		_, _ = w.Write([]byte(body))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			mu.Lock()
			connections++
			mu.Unlock()
		}
	}
	server.Start()
	t.Cleanup(server.Close)
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
`, server.URL),
		}},
	})
	mu.Lock()
	defer mu.Unlock()
	// Each read of the plan is in a provider process of its own. Terraform reads ten data sources at a time.
	runs := asked["order"] / 200
	if asked["log-in"] != runs || asked["project"] != runs || asked["order"]%200 != 0 {
		t.Errorf("asked %v in %d runs, want one log-in and one project each", asked, runs)
	}
	if most := runs * 12; connections > most {
		t.Errorf("%d connections in %d runs, want %d at the most", connections, runs, most)
	}
}
