package provider_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// TestDefaultTimeLimits reads from a service that never answers, without the block timeouts: a read ends after five minutes at most, and one that
// waits after half an hour. An action always waits. A retry that no longer fits in is not waited for.
func TestDefaultTimeLimits(t *testing.T) {
	t.Parallel()
	for source, facts := range badAnswers() {
		for form := range formsOf(source) {
			for _, waits := range []bool{false, true} {
				if _, can := waitArgument[source]; waits && !can || !waits && form == "action" {
					continue
				}
				t.Run(source+"/"+form+"/"+map[bool]string{true: "waiting", false: "looking"}[waits], func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						svc := cloudtest.New()
						svc.Faults(silence)
						p := start(t, provider.Options{WrapTransport: svc.Transport}, keyed(map[string]tftypes.Value{
							"region": str("cn-north-4"), "project_id": str(projectID), "max_retries": integer(1000),
						}))
						arguments, want := facts.arguments, 5*time.Minute
						if waits {
							want = 30 * time.Minute
						}
						if waits && form != "action" {
							arguments = with(arguments, waitArgument[source], forCompletion)
						}
						begun := time.Now()
						_, diagnostics := p.look(t.Context(), t, form, source, arguments)
						if took := time.Since(begun); took > want || took < want-time.Minute {
							t.Errorf("it ended after %s, want %s", took, want)
						}
						checkError(t, diagnostics, nil)
					})
				})
			}
		}
	}
}

// TestDefaultLogTail keeps the last 4096 bytes of each log, of an order and of a batch, and says that there was more.
func TestDefaultLogTail(t *testing.T) {
	t.Parallel()
	scene := cloudtest.Failed(0, 1)
	scene.Log = strings.Repeat("x", 10) + strings.Repeat("y", 4096)
	logOf := func(t *testing.T, list tftypes.Value, name string) (instance map[string]tftypes.Value, log string) {
		t.Helper()
		var instances []tftypes.Value
		if err := list.As(&instances); err != nil || len(instances) != 1 {
			t.Fatalf("%d instances: %v", len(instances), err)
		}
		if err := instances[0].As(&instance); err != nil {
			t.Fatal(err)
		}
		return instance, textOf(t, instance[name])
	}
	p := inMemory(t, orders(t, scene))
	order, _ := p.read(t.Context(), t, "coc_script_order", theOrder)
	failed, log := logOf(t, order["failed_instances"], "log")
	if log != strings.Repeat("y", 4096) || !failed["log_truncated"].Equal(tftypes.NewValue(tftypes.Bool, true)) {
		t.Errorf("the order keeps %d bytes of the log", len(log))
	}
	batch, _ := p.read(t.Context(), t, "coc_script_order_batch", with(theOrder, "batch_index", integer(1)))
	if _, log := logOf(t, batch["execute_instances"], "message"); log != strings.Repeat("y", 4096) {
		t.Errorf("the batch keeps %d bytes of the log", len(log))
	}
}
