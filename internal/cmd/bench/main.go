// Command bench measures the cost of a gate: how long the real Terraform plans an order, its statistics and a batch of ten instances,
// compared with the same plan by a provider that does nothing.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing/fstest"
	"text/template"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/sandbox"
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
	svc := cloudtest.New()
	svc.Order("SCT2023102211473xxxxxxxxxx").Then(cloudtest.Finished(10))
	server := svc.Start()
	defer svc.Close()
	box, err := sandbox.New(ctx, terraform)
	if err != nil {
		return err
	}
	defer box.Close()
	if err := box.Install(ctx, "hwgate/floor", "internal/cmd/bench/floor"); err != nil {
		return err
	}
	settings := map[string]string{
		"floor":  "",
		"hwgate": fmt.Sprintf("region = \"cn-north-4\"\n  access_key = \"A\"\n  secret_key = \"S\"\n  endpoints = { coc = %q }", server),
	}
	for name := range settings {
		if err := prepare(ctx, box, name, settings[name]); err != nil {
			return err
		}
	}
	// The two alternate, so that other load on the machine affects both.
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
