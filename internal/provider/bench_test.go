package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

// batchOf answers as a batch of many instances does, in pages, each with a log of the length given.
func batchOf(instances, logBytes int) http.Handler {
	log := strings.Repeat("0123456789abcdef", logBytes/16)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		first, _ := strconv.Atoi(r.URL.Query().Get("marker"))
		_, _ = fmt.Fprintf(w, `{"data":{"batch_index":1,"total_instances":%d,"execute_instances":[`, instances)
		for id := first + 1; id <= min(first+limit, instances); id++ {
			separator := ""
			if id > first+1 {
				separator = ","
			}
			_, _ = fmt.Fprintf(w, `%s{"id":%d,"gmt_created":1697946452436,"gmt_finished":1697946763467,"execute_costs":311031,`+
				`"status":"FINISHED","message":"%s","target_instance":{"resource_id":"res-%d","provider":"ECS","region_id":"cn-north-4",`+
				`"type":"CLOUDSERVER","agent_sn":"sn","agent_status":"ONLINE","custom_attributes":[{"key":"k","value":"v"}],`+
				`"properties":{"host_name":"ecs-%d","fixed_ip":"192.0.2.1","region_id":"cn-north-4","zone_id":"cn-north-4a"}}}`,
				separator, id, log, id, id)
		}
		_, _ = w.Write([]byte(`]}}`))
	})
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
		{"4000 instances", 4000, 64, 4096},
		{"10 logs of 1 MB, tail 4096", 10, 1 << 20, 4096},
		{"10 logs of 1 MB, whole", 10, 1 << 20, -1},
	}
	for _, bench := range cases {
		b.Run(bench.name, func(b *testing.B) {
			server := httptest.NewServer(batchOf(bench.instances, bench.logBytes))
			defer server.Close()
			process := start(b, provider.Options{}, map[string]tftypes.Value{
				"region": str("cn-north-4"), "token": str("t"), "endpoints": endpointsOf(server.URL),
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
