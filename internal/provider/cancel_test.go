package provider_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
)

// TestCancel interrupts the real Terraform in the middle of a wait. The test framework cannot: its providers are in the test's process.
func TestCancel(t *testing.T) {
	t.Parallel()
	interrupted, interrupt := context.WithCancel(t.Context())
	var looks atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if looks.Add(1) == 2 {
			interrupt()
		}
		_, _ = w.Write([]byte(orderBody("PROCESSING")))
	}))
	t.Cleanup(server.Close)
	box := newSandbox(t)
	cloud := &cloud{Server: server}
	config := cloud.header("") + exampleData("wait_for_completion = true")
	if err := box.Write("wait", fstest.MapFS{"main.tf": {Data: []byte(config)}}); err != nil {
		t.Fatal(err)
	}
	if out, err := box.Run(t.Context(), "wait", nil, "init", "-no-color"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := box.Run(interrupted, "wait", nil, "plan", "-no-color")
	if err == nil {
		t.Fatalf("the plan went through:\n%s", out)
	}
	if said := strings.Join(strings.Fields(string(out)), " "); !strings.Contains(said, "canceled") {
		t.Errorf("nothing says that it was canceled:\n%s", out)
	}
	// Two looks, and at most one that had begun when the signal came.
	if n := looks.Load(); n > 3 {
		t.Errorf("%d looks", n)
	}
}
