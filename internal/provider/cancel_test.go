package provider_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hwgate/terraform-provider-hwgate/internal/cloudtest"
)

// TestCancel interrupts the real Terraform in the middle of a wait. The test framework cannot: its providers are in the test's process.
func TestCancel(t *testing.T) {
	t.Parallel()
	interrupted, interrupt := context.WithCancel(t.Context())
	cloud := newCloud(t, nil)
	running := cloudtest.Running(0, 1)
	order := cloud.Order("SCT2023083109562601af694bf").Then(running, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		interrupt()
		running.ServeHTTP(w, r)
	}))
	box := newSandbox(t)
	config := cloud.header("") + exampleData("wait_for_completion = true")
	folder := lay(t, box, fstest.MapFS{"main.tf": {Data: []byte(config)}})
	out, err := box.Run(interrupted, folder, nil, "plan", "-no-color")
	if err == nil {
		t.Fatalf("the plan went through:\n%s", out)
	}
	if said := strings.Join(strings.Fields(string(out)), " "); !strings.Contains(said, "canceled") {
		t.Errorf("nothing says that it was canceled:\n%s", out)
	}
	// Two looks, and at most one that had begun when the signal came.
	if n := order.Looks(); n > 3 {
		t.Errorf("%d looks", n)
	}
}
