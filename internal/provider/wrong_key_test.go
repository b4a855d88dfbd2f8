package provider_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// TestTenReadsRefused sends one request with a key that is refused: more of them would lock it. Its read tells what the service said, and
// the others whose error that is.
func TestTenReadsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		network := newNetwork(t, deployment(t, faults{says(401, `{"error_code":"APIGW.0301","error_msg":"no","request_id":"req-1"}`)}))
		p := network.start(t, "http://service.test", nil)
		var reads sync.WaitGroup
		var told atomic.Int64
		for source, asked := range badAnswers() {
			for range 2 {
				reads.Go(func() {
					attributes, diagnostics := p.read(t.Context(), t, source, asked.arguments)
					checkNotGreen(t, attributes)
					if !strings.Contains(shown(diagnostics), "Not sent") {
						told.Add(1)
						checkFailure(t, diagnostics, []string{asked.path, ": HTTP 401 Unauthorized: APIGW.0301: no", "(request id req-1).", "clock"})
						return
					}
					checkFailure(t, diagnostics, []string{
						"\n\nNot sent: access key …0001 (provider block) was already refused in this run.\n\nCorrect the error of GET service.test/", " first.",
					})
					if strings.Contains(shown(diagnostics), "401") {
						t.Errorf("the answer of another read is repeated:\n%s", shown(diagnostics))
					}
				})
			}
		}
		reads.Wait()
		if got := len(network.service.Log().Data()); got != 1 || told.Load() != 1 {
			t.Errorf("%d requests came, and %d errors tell what came back, want 1", got, told.Load())
		}
	})
}

// TestWrongKeyIsSentOnce reads ten orders with a wrong key in one plan, with the real CLI.
func TestWrongKeyIsSentOnce(t *testing.T) {
	t.Parallel()
	mock := newAuthMock(t)
	exchanges := map[string]exchange{}
	var blocks strings.Builder
	for i := range 10 {
		exchanges[fmt.Sprintf("%s%d", strings.TrimSuffix(orderAt, orderID), i)] = exchange{by: accessKey, status: 401, answer: `{"error_code":"APIGW.0301","error_msg":"no"}`}
		fmt.Fprintf(&blocks, "data \"coc_script_order\" \"n%d\" {\n  provider = hwgate\n  execute_uuid = \"%d\"\n}\n", i, i)
	}
	mock.expect(accessKey, exchanges)
	acceptWith(t, mock.options(merged(keysInEnv, map[string]string{"HW_REGION_NAME": "cn-north-4"}), nil), resource.TestStep{
		Config:      terraformBlock + blocks.String(),
		ExpectError: wrapped("Not sent: access key …0001 (environment) was already refused in this run."),
	})
	if seen := mock.seen(); len(seen) != 1 {
		t.Errorf("sent %q, want one request", seen)
	}
}
