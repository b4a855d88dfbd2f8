// Command bench measures what a gate costs: a plan with an order, its statistics and a batch of ten instances by the real Terraform,
// as a ratio to the floor, which is the same plan with a provider that does nothing.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing/fstest"
	"text/template"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/sandbox"
)

//go:embed gate.tf.tmpl
var configuration string

func main() {
	terraform := flag.String("terraform", "terraform", "the Terraform or OpenTofu to run")
	rounds := flag.Int("rounds", 20, "how many plans of each kind to measure")
	flag.Parse()
	if err := run(context.Background(), *terraform, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, terraform string, rounds int) error {
	server := httptest.NewServer(http.HandlerFunc(answer))
	defer server.Close()
	box, err := sandbox.New(ctx, terraform)
	if err != nil {
		return err
	}
	defer box.Close()
	if err := box.Install(ctx, "floor", "internal/bench/floor"); err != nil {
		return err
	}
	settings := map[string]string{
		"floor":  "",
		"hwgate": fmt.Sprintf("region = \"cn-north-4\"\n  access_key = \"A\"\n  secret_key = \"S\"\n  endpoints = { coc = %q }", server.URL),
	}
	for name := range settings {
		if err := prepare(ctx, box, name, settings[name]); err != nil {
			return err
		}
	}
	// The two take turns, so that whatever else the machine does falls on both.
	took := map[string][]time.Duration{}
	for range rounds {
		for name := range settings {
			start := time.Now()
			if out, err := box.Run(ctx, name, nil, "plan", "-no-color", "-input=false", "-lock=false"); err != nil {
				return fmt.Errorf("terraform plan: %w\n%s", err, out)
			}
			took[name] = append(took[name], time.Since(start))
		}
	}
	size, err := box.BinarySize("hwgate")
	if err != nil {
		return err
	}
	gate, floor := median(took["hwgate"]), median(took["floor"])
	fmt.Printf("plan of a gate (order, statistics, batch of ten), median of %d: %s\n", rounds, gate.Round(time.Millisecond))
	fmt.Printf("the same with a provider that does nothing:                    %s\n", floor.Round(time.Millisecond))
	fmt.Printf("ratio:                                                         %.2f\n", float64(gate)/float64(floor))
	fmt.Printf("stripped binary:                                               %.1f MiB\n", float64(size)/(1<<20))
	return nil
}

func prepare(ctx context.Context, box *sandbox.Sandbox, name, settings string) error {
	var text bytes.Buffer
	err := template.Must(template.New("").Parse(configuration)).Execute(&text, map[string]string{"Provider": name, "Settings": settings})
	if err != nil {
		return err
	}
	if err := box.Write(name, fstest.MapFS{"main.tf": {Data: text.Bytes()}}); err != nil {
		return err
	}
	if out, err := box.Run(ctx, name, nil, "init", "-no-color", "-input=false"); err != nil {
		return fmt.Errorf("terraform init: %w\n%s", err, out)
	}
	return nil
}

func median(durations []time.Duration) time.Duration {
	slices.Sort(durations)
	return durations[len(durations)/2]
}

// answer plays a finished order of ten instances.
func answer(w http.ResponseWriter, r *http.Request) {
	body := `{"data":{"status":"FINISHED","gmt_created":1697946452186,"gmt_finished":1697946763469,` +
		`"properties":{"execute_param":{"success_rate":100}}}}`
	switch {
	case strings.HasSuffix(r.URL.Path, "/statistics"):
		body = `{"data":{"total_instance":10,"execute_statistics":[{"instance_status":"FINISHED","instance_count":10,"batch_indexes":[1]}]}}`
	case strings.HasSuffix(r.URL.Path, "/batches/1"):
		var rows []string
		for id := 1; id <= 10; id++ {
			rows = append(rows, fmt.Sprintf(`{"id":%d,"status":"FINISHED","gmt_created":1697946452436,"gmt_finished":1697946763467,`+
				`"message":"done","target_instance":{"resource_id":"res-%d","properties":{"host_name":"ecs-%d","fixed_ip":"192.0.2.%d"}}}`,
				id, id, id, id))
		}
		body = `{"data":{"batch_index":1,"total_instances":10,"execute_instances":[` + strings.Join(rows, ",") + `]}}`
	}
	_, _ = w.Write([]byte(body))
}
