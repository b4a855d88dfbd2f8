package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// batchOf has the pages of a batch of many instances, each with a log of the length given. They are made before they are asked for, so
// that their making is not measured.
func batchOf(b *testing.B, instances, logBytes int) *cloudtest.Service {
	b.Helper()
	const path = "/v1/job/script/orders/" + orderID + "/batches/1"
	scene := cloudtest.OrderScene{
		Status: "FINISHED", Batches: []cloudtest.Batch{{"FINISHED": instances}}, Log: strings.Repeat("0123456789abcdef", logBytes/16),
	}
	svc := cloudtest.New(cloudtest.Report(b.Errorf))
	for last := 0; last <= instances; last += 50 {
		uri := path + "?limit=50"
		if last > 0 {
			uri += fmt.Sprintf("&marker=%d", last)
		}
		page := httptest.NewRecorder()
		scene.ServeHTTP(page, httptest.NewRequestWithContext(b.Context(), http.MethodGet, uri, http.NoBody))
		svc.At(uri).Then(cloudtest.Answer{Body: page.Body.String()})
	}
	return svc
}

// BenchmarkBatch reads a batch as Terraform does, but for the CLI: requests, decoding, verdict, state.
func BenchmarkBatch(b *testing.B) {
	cases := []struct {
		name                string
		instances, logBytes int
		tail                int
	}{
		{"10 instances", 10, 64, 4096},
		{"1000 instances", 1000, 64, 4096},
		{"10 logs of 1 MB, tail 4096", 10, 1 << 20, 4096},
		{"10 logs of 1 MB, whole", 10, 1 << 20, -1},
	}
	for _, bench := range cases {
		b.Run(bench.name, func(b *testing.B) {
			svc := batchOf(b, bench.instances, bench.logBytes)
			address := svc.Start()
			defer svc.Close()
			process := start(b, provider.Options{}, map[string]tftypes.Value{
				"region": str("cn-north-4"), "token": str("t"), "endpoints": endpointsOf(address),
			})
			arguments := map[string]tftypes.Value{
				"execute_uuid": str(orderID), "batch_index": integer(1), "log_tail_bytes": integer(bench.tail),
			}
			b.ReportAllocs()
			for b.Loop() {
				_, diagnostics := process.read(b.Context(), b, "coc_script_order_batch", arguments)
				for _, diagnostic := range diagnostics {
					b.Fatal(diagnostic.Summary, diagnostic.Detail)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(bench.instances), "µs/instance")
		})
	}
}
