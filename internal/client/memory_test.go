package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// batchOf is an answer with ten instances that have logs of a size, which starts again at each read.
func batchOf(size int64) func() io.Reader {
	return func() io.Reader {
		parts := []io.Reader{strings.NewReader(`{"data":{"total_instances":10,"execute_instances":[`)}
		for i := range 10 {
			comma := ","
			if i == 0 {
				comma = ""
			}
			parts = append(parts,
				strings.NewReader(fmt.Sprintf(`%s{"id":%d,"status":"ABNORMAL","message":"`, comma, i+1)),
				io.LimitReader(readerFunc(func(p []byte) (int, error) {
					for i := range p {
						p[i] = 'x'
					}
					return len(p), nil
				}), size),
				strings.NewReader(`"}`))
		}
		return io.MultiReader(append(parts, strings.NewReader(`]}}`))...)
	}
}

// peakOf is the most memory that the heap takes while something runs, beyond what it takes before.
func peakOf(run func()) uint64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var peak atomic.Uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			runtime.ReadMemStats(&now)
			peak.Store(max(peak.Load(), now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc)))
			select {
			case <-stop:
				return
			case <-ticker.C:
			}
		}
	}()
	run()
	close(stop)
	<-stopped
	return peak.Load()
}

// BenchmarkBatch reads a batch of ten hosts with logs of 1 MB, with retries as the provider has them.
func BenchmarkBatch(b *testing.B) {
	c := newClient(b, answering(saysFrom(http.StatusOK, batchOf(1e6))), retries(5))
	batch := testBatch
	batch.LogTail = 4096
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.ScriptOrderBatch(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkValid checks the syntax of the same bytes, for comparison.
func BenchmarkValid(b *testing.B) {
	body, err := io.ReadAll(batchOf(1e6)())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if !json.Valid(body) {
			b.Fatal("not valid")
		}
	}
}

// BenchmarkOrderOf200 reads the logs of an order as large as an order may be: 20 batches of ten hosts with logs of 1 MB, 4 kB of which are kept.
func BenchmarkOrderOf200(b *testing.B) {
	c := newClient(b, answering(saysFrom(http.StatusOK, batchOf(1e6))), retries(5))
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

// BenchmarkTenHostile reads ten answers of 120 MB at a time.
func BenchmarkTenHostile(b *testing.B) {
	c := newClient(b, answering(saysFrom(http.StatusOK, batchOf(12e6))), retries(5))
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

// allocatedBy is the least that several runs allocate: what other goroutines of the process allocate meanwhile counts too.
func allocatedBy(run func()) uint64 {
	least := uint64(math.MaxUint64)
	for range 5 {
		// The first collection retires what a sync.Pool holds, the second frees it, so that each run allocates its own.
		runtime.GC()
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		run()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

// Decoding an answer takes memory for what is kept of it, not for the answer.
func TestLargeAnswerIsNotCopied(t *testing.T) {
	body, err := io.ReadAll(batchOf(3e5)())
	if err != nil {
		t.Fatal(err)
	}
	var instances []Instance
	allocated := allocatedBy(func() {
		answer, err := parse(t.Context(), body)
		if err != nil {
			t.Fatal(err)
		}
		instances = list(answer.object("data").need(), "execute_instances", func(f fields) Instance { return readInstance(f, 2048) })
	})
	// The race detector adds about a third.
	if allocated > 7e5 {
		t.Errorf("%d kB were allocated for ten logs of which 2 kB are kept", allocated/1e3)
	}
	if log := instances[9].Message; len(*log) != 2048 || !instances[9].MessageTruncated {
		t.Errorf("%d bytes of the log", len(*log))
	}
}

// What is kept of a log does not hold the rest of it in memory.
func TestEndOfLogIsKeptAlone(t *testing.T) {
	log := []byte(`"` + strings.Repeat("x", 2e6) + `"`)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	// Twenty, so that what other goroutines of the process hold does not matter.
	var ends [20]string
	for i := range ends {
		ends[i], _ = unquoteTail(log, 2e5)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / int64(len(ends)); held > 4e5 {
		t.Errorf("%d kB are held for an end of 200 kB", held/1e3)
	}
	runtime.KeepAlive(ends)
	runtime.KeepAlive(log)
}

// Large answers are read two at a time, in the order in which they came; small ones and errors wait for none of them.
func TestLargeAnswersWaitForMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const large = 2 * smallBody
		var reading, most atomic.Int64
		slow := saysFrom(http.StatusOK, func() io.Reader {
			whole := io.MultiReader(strings.NewReader(`{"data":{"status":"`), strings.NewReader(strings.Repeat("x", large)), strings.NewReader(`"}}`))
			read := 0
			return readerFunc(func(p []byte) (int, error) {
				n, err := whole.Read(p)
				if before := read; before <= smallBody+1 && before+n > smallBody+1 {
					most.Store(max(most.Load(), reading.Add(1)))
					<-time.After(5 * time.Second)
				}
				if read += n; errors.Is(err, io.EOF) {
					reading.Add(-1)
				}
				return n, err
			})
		})
		small := says(http.StatusOK, documentedOrder)
		c := newClient(t, answering(append(append([]answerer{small}, slices.Repeat([]answerer{slow}, 4)...), small)...))
		read := func() error { _, err := c.ScriptOrder(t.Context(), testOrder); return err }
		if err := read(); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := read(); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if err := read(); err != nil || time.Since(start) != 0 {
			t.Errorf("a small answer took %s and error %v", time.Since(start), err)
		}
		wg.Wait()
		if most.Load() != 2 || time.Since(start) != 10*time.Second {
			t.Errorf("%d large answers were read at a time, and all took %s, want 2 and 10s", most.Load(), time.Since(start))
		}
		if !c.memory.TryAcquire(memoryLimit) {
			t.Error("memory was not given back")
		}
	})
}

// Whatever becomes of a large answer, its memory is given back; who waits for memory can be canceled, and waits no longer than an attempt.
func TestMemoryIsGivenBack(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2*smallBody)
	good := `{"data":{"status":"` + long + `"}}`
	for name, test := range map[string]struct {
		answer answerer
		fails  bool
	}{
		"good":                      {says(200, good), false},
		"good, its length is known": {withLength(says(200, good), int64(len(good))), false},
		"good, its length is wrong": {withLength(says(200, good), 7), false},
		"good, its length is none":  {withLength(says(200, good), 1<<40), false},
		"malformed":                 {says(200, long), true},
		"repeated":                  {says(200, `{"a":1,"a":"`+long+`"}`), true},
		"an error beside data":      {says(200, `{"error_code":"X.1","a":"`+long+`"}`), true},
		"a wrong field":             {says(200, `{"data":{"status":{"a":"`+long+`"}}}`), true},
		"lost":                      {stuck(200, good), true},
		"too large":                 {says(200, good+good+good), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, answering(test.answer), retries(1))
				c.bodyLimit = 3 * smallBody
				if _, err := c.ScriptOrder(t.Context(), testOrder); (err != nil) != test.fails {
					t.Errorf("error %v", err)
				}
				if !c.memory.TryAcquire(memoryLimit) {
					t.Error("memory was not given back")
				}
			})
		})
	}
	t.Run("waiting", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, answering(says(200, good)))
			if !c.memory.TryAcquire(memoryLimit) {
				t.Fatal("no memory at the start")
			}
			start := time.Now()
			_, err := c.ScriptOrder(t.Context(), testOrder)
			if !errors.Is(err, ErrAttemptTimeout) || time.Since(start) != attemptTimeout {
				t.Errorf("error %v after %s", err, time.Since(start))
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := c.ScriptOrder(ctx, testOrder); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want the deadline", err)
			}
			c.memory.Release(memoryLimit)
			if _, err := c.ScriptOrder(t.Context(), testOrder); err != nil {
				t.Error(err)
			}
		})
	})
}

// withLength is an answer that says how long it is.
func withLength(answer answerer, length int64) answerer {
	return func(request *http.Request) (*http.Response, error) {
		response, err := answer(request)
		response.ContentLength = length
		return response, err
	}
}
