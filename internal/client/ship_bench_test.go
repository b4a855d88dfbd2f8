package client

import (
	"encoding/json"
	"io"
	"net/http"
	"runtime"
	"sync"
	"testing"
)

// shipped is the configuration that the provider ships: with retries.
var shipped = retries(5)

// BenchmarkBatch10MB reads a batch of ten hosts with logs of 1 MB, as the provider ships it. BenchmarkValid10MB only validates the same bytes.
func BenchmarkBatch10MB(b *testing.B) {
	c := newClient(b, answering(saysFrom(http.StatusOK, batchOf(10, 1e6))), shipped)
	batch := testBatch
	batch.LogTail = 4096
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.ScriptOrderBatch(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValid10MB(b *testing.B) {
	body, err := io.ReadAll(batchOf(10, 1e6)())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !json.Valid(body) {
			b.Fatal("not valid")
		}
	}
}

// BenchmarkShippedOrderOf200 is BenchmarkOrderOf200 with retries.
func BenchmarkShippedOrderOf200(b *testing.B) {
	c := newClient(b, answering(saysFrom(http.StatusOK, batchOf(10, 1e6))), shipped)
	batch := testBatch
	batch.LogTail = 4096
	for b.Loop() {
		b.ReportMetric(float64(peakOf(func() {
			var kept []*ScriptOrderBatch
			for range 20 {
				got, err := c.ScriptOrderBatch(b.Context(), batch)
				if err != nil {
					b.Fatal(err)
				}
				kept = append(kept, got)
			}
			runtime.KeepAlive(kept)
		}))/(1<<20), "peak-MiB")
	}
}

// BenchmarkShippedTenHostile is BenchmarkTenHostile with retries.
func BenchmarkShippedTenHostile(b *testing.B) {
	c := newClient(b, answering(saysFrom(http.StatusOK, batchOf(10, 12e6))), shipped)
	batch := testBatch
	batch.LogTail = 4096
	for b.Loop() {
		b.ReportMetric(float64(peakOf(func() {
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() {
					if _, err := c.ScriptOrderBatch(b.Context(), batch); err != nil {
						b.Error(err)
					}
				})
			}
			wg.Wait()
		}))/(1<<20), "peak-MiB")
	}
}
