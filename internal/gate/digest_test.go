package gate_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
)

// reader plays the service: it answers from memory and notes what it was asked.
type reader struct {
	statistics    *client.ScriptOrderStatistics
	statisticsErr error
	batches       map[int64]*client.ScriptOrderBatch
	batchErr      map[int64]error
	// pause is how long each batch takes.
	pause map[int64]time.Duration

	mu           sync.Mutex
	asked        []client.Batch
	orders       []client.Order
	active, most int
}

func (r *reader) ScriptOrderStatistics(_ context.Context, order client.Order) (*client.ScriptOrderStatistics, error) {
	r.orders = append(r.orders, order)
	return r.statistics, r.statisticsErr
}

func (r *reader) ScriptOrderBatch(ctx context.Context, asked client.Batch) (*client.ScriptOrderBatch, error) {
	r.mu.Lock()
	r.asked = append(r.asked, asked)
	r.active++
	r.most = max(r.most, r.active)
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		r.active--
		r.mu.Unlock()
	}()
	select {
	case <-time.After(r.pause[asked.BatchIndex]):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := r.batchErr[asked.BatchIndex]; err != nil {
		return nil, err
	}
	return r.batches[asked.BatchIndex], nil
}

// indexes are the batches that were asked for, sorted: they are asked for side by side.
func (r *reader) indexes() []int64 {
	var indexes []int64
	for _, asked := range r.asked {
		indexes = append(indexes, asked.BatchIndex)
	}
	slices.Sort(indexes)
	return indexes
}

// on puts the instances of a batch on the given hosts.
func on(listed *client.ScriptOrderBatch, hosts ...string) *client.ScriptOrderBatch {
	for i, name := range hosts {
		listed.ExecuteInstances[i].TargetInstance = host(name)
	}
	return listed
}

var theOrder = client.Order{
	Target: client.Target{Region: "cn-north-4", ProjectID: "0aa1"}, ExecuteUUID: orderID, UserProfile: "me",
}

func TestReadDigest(t *testing.T) {
	t.Parallel()
	begun, ended := time.UnixMilli(1693446986000).UTC(), time.UnixMilli(1693447297283).UTC()
	failing := batch(3, "FINISHED", "ABNORMAL", "ROLLED BACK")
	failing.ExecuteInstances[1] = client.Instance{
		ID: new(int64(2)), Status: new("ABNORMAL"), Message: new("no space left"),
		GmtCreated: new(begun.UnixMilli()), GmtFinished: new(ended.UnixMilli()),
		TargetInstance: &client.TargetInstance{
			ResourceID: new("i-2"), Properties: &client.TargetProperties{HostName: new("web-2"), FixedIP: new("10.0.0.2")},
		},
	}
	failing.ExecuteInstances[2].TargetInstance = nil
	failing.Warnings = []string{"message is a number"}
	counted := statistics(9, row("FINISHED", 6, 1, 2, 3), row("ABNORMAL", 1, 3), row("ROLLBACKED", 1, 3), row("CANCELED", 1, 1))
	counted.Warnings = []string{"creator is a list"}
	canceled := on(batch(3, "CANCELED", "FINISHED", "FINISHED"), "web-9")
	canceled.Warnings = []string{"agent_sn is a list"}
	service := &reader{statistics: counted, batches: map[int64]*client.ScriptOrderBatch{1: canceled, 3: failing}}

	got, err := gate.ReadDigest(t.Context(), service, theOrder)
	if err != nil {
		t.Fatal(err)
	}
	want := &gate.Digest{
		Instances:   gate.JudgeStatistics(orderID, counted),
		FailedHosts: []string{"web-9", "web-2", "instance record 3"},
		FailedInstances: []gate.FailedInstance{
			{BatchIndex: 1, Status: new("CANCELED"), HostName: "web-9"},
			{
				Span: gate.Span{CreatedAt: &begun, FinishedAt: &ended}, BatchIndex: 3, Status: new("ABNORMAL"), HostName: "web-2",
				ResourceID: new("i-2"), FixedIP: new("10.0.0.2"), Message: new("no space left"),
			},
			{BatchIndex: 3, Status: new("ROLLED BACK"), HostName: "instance record 3"},
		},
		Warnings: []string{"creator is a list", "agent_sn is a list", "message is a number"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("digest (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]client.Order{theOrder}, service.orders); diff != "" {
		t.Errorf("orders whose statistics were read (-want +got):\n%s", diff)
	}
	// The batch where nothing failed is not read, and the others are read whole.
	slices.SortFunc(service.asked, func(a, b client.Batch) int { return int(a.BatchIndex - b.BatchIndex) })
	asked := []client.Batch{{Order: theOrder, BatchIndex: 1, Limit: 50}, {Order: theOrder, BatchIndex: 3, Limit: 50}}
	if diff := cmp.Diff(asked, service.asked); diff != "" {
		t.Errorf("batches that were read (-want +got):\n%s", diff)
	}
}

func TestReadDigestRequests(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		statistics *client.ScriptOrderStatistics
		batches    map[int64]*client.ScriptOrderBatch
		asked      []int64
		hosts      []string
	}{
		"nothing failed": {statistics(3, row("FINISHED", 3, 1)), nil, nil, []string{}},
		"nothing ran":    {statistics(0), nil, nil, []string{}},
		"others run": {
			statistics(3, row("ABNORMAL", 1, 2), row("PROCESSING", 1, 1), row("READY", 1, 3)),
			map[int64]*client.ScriptOrderBatch{2: on(batch(1, "ABNORMAL"), "a")}, []int64{2}, []string{"a"},
		},
		"a batch that two words name": {
			statistics(2, row("ABNORMAL", 1, 2), row("CANCELED", 1, 2)),
			map[int64]*client.ScriptOrderBatch{2: on(batch(2, "CANCELED", "ABNORMAL"), "b", "a")}, []int64{2}, []string{"b", "a"},
		},
		"batches in the order of their numbers": {
			statistics(3, row("ABNORMAL", 3, 10, 2, 1)),
			map[int64]*client.ScriptOrderBatch{
				1: on(batch(1, "ABNORMAL"), "z"), 2: on(batch(1, "ABNORMAL"), "y"), 10: on(batch(1, "ABNORMAL"), "x"),
			}, []int64{1, 2, 10}, []string{"z", "y", "x"},
		},
		"a new word beside a failure": {
			statistics(2, row("SKIPPED", 1, 1), row("ERROR", 1, 1)),
			map[int64]*client.ScriptOrderBatch{1: on(batch(2, "SKIPPED", "ERROR"), "a", "b")}, []int64{1}, []string{"b"},
		},
		"hosts of the same name": {
			statistics(2, row("ABNORMAL", 2, 1)),
			map[int64]*client.ScriptOrderBatch{1: on(batch(2, "ABNORMAL", "ABNORMAL"), "a", "a")}, []int64{1}, []string{"a", "a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := &reader{statistics: test.statistics, batches: test.batches}
			digest, err := gate.ReadDigest(t.Context(), service, theOrder)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.asked, service.indexes()); diff != "" {
				t.Errorf("batches that were read (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.hosts, digest.FailedHosts); diff != "" {
				t.Errorf("failed hosts (-want +got):\n%s", diff)
			}
			if digest.FailedInstances == nil || len(digest.FailedInstances) != len(test.hosts) {
				t.Errorf("failed instances: %v", digest.FailedInstances)
			}
		})
	}
}

// A digest that is not whole is an error: half a list of failed hosts reads like all of it.
func TestReadDigestErrors(t *testing.T) {
	t.Parallel()
	refused := &client.Error{Method: "GET", Host: "coc.example.com", Path: "/x", Status: 403}
	failed := statistics(2, row("ABNORMAL", 1, 1), row("CANCELED", 1, 2))
	whole := map[int64]*client.ScriptOrderBatch{1: batch(1, "ABNORMAL"), 2: batch(1, "CANCELED")}
	with := func(second *client.ScriptOrderBatch) map[int64]*client.ScriptOrderBatch {
		return map[int64]*client.ScriptOrderBatch{1: whole[1], 2: second}
	}
	for name, test := range map[string]struct {
		service *reader
		want    string
		cause   error
	}{
		"no statistics": {
			&reader{statisticsErr: refused}, "GET coc.example.com/x: HTTP 403 Forbidden", refused,
		},
		"statistics that do not add up": {
			&reader{statistics: statistics(3, row("ABNORMAL", 1, 1))},
			"the statistics cannot be trusted: 1 instances are accounted for, but the total is 3", nil,
		},
		"batches not told": {
			&reader{statistics: statistics(2, row("ABNORMAL", 1, 1), row("CANCELED", 1)), batches: whole},
			"the statistics do not say which batches have failed instances", nil,
		},
		"a batch that cannot be read": {
			&reader{statistics: failed, batches: whole, batchErr: map[int64]error{2: refused}},
			"batch 2: GET coc.example.com/x: HTTP 403 Forbidden", refused,
		},
		"a batch that is listed in part": {
			&reader{statistics: failed, batches: with(batch(2, "CANCELED"))},
			"batch 2 cannot be trusted: 1 instances are accounted for, but the total is 2", nil,
		},
		"a batch with a null status": {
			&reader{statistics: failed, batches: with(&client.ScriptOrderBatch{
				TotalInstances: new(int64(1)), ExecuteInstances: make([]client.Instance, 1),
			})},
			"batch 2 cannot be trusted: an instance has no status", nil,
		},
		"fewer failures than counted": {
			&reader{statistics: failed, batches: with(batch(1, "FINISHED"))},
			"the statistics count 2 failed instances, but the batches list 1", nil,
		},
		"more failures than counted": {
			&reader{statistics: failed, batches: with(batch(2, "CANCELED", "ERROR"))},
			"the statistics count 2 failed instances, but the batches list 3", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			digest, err := gate.ReadDigest(t.Context(), test.service, theOrder)
			if digest != nil || err == nil || err.Error() != test.want {
				t.Errorf("got %v and the error %v, want %s", digest, err, test.want)
			}
			if test.cause != nil && !errors.Is(err, test.cause) {
				t.Errorf("the error hides its cause: %v", err)
			}
		})
	}
}

// manyBatches fail on one host each, and the later ones answer sooner.
func manyBatches(number int64) *reader {
	service := &reader{batches: map[int64]*client.ScriptOrderBatch{}, pause: map[int64]time.Duration{}}
	var indexes []int64
	for i := int64(1); i <= number; i++ {
		indexes = append(indexes, i)
		service.batches[i] = on(batch(1, "ABNORMAL"), strings.Repeat("h", int(i)))
		service.pause[i] = time.Duration(number+1-i) * time.Second
	}
	service.statistics = statistics(number, row("ABNORMAL", number, indexes...))
	return service
}

func TestReadDigestSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := manyBatches(20)
		start := time.Now()
		digest, err := gate.ReadDigest(t.Context(), service, theOrder)
		if err != nil {
			t.Fatal(err)
		}
		// One after the other they would take 210 s, in fours no more than a quarter of it and the longest one.
		if took := time.Since(start); took > 210*time.Second/4+20*time.Second {
			t.Errorf("reading took %s", took)
		}
		if service.most != 4 {
			t.Errorf("%d batches were read at once, want 4", service.most)
		}
		if len(service.asked) != 20 {
			t.Errorf("%d batches were read, want 20", len(service.asked))
		}
		for i, host := range digest.FailedHosts {
			if len(host) != i+1 {
				t.Fatalf("hosts are not in the order of their batches: %v", digest.FailedHosts)
			}
		}
	})
}

// After the first failure the other reads are of no use, so they end.
func TestReadDigestStopsAtAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := manyBatches(20)
		fault := errors.New("fault")
		service.pause[2], service.batchErr = time.Millisecond, map[int64]error{2: fault}
		start := time.Now()
		_, err := gate.ReadDigest(t.Context(), service, theOrder)
		if !errors.Is(err, fault) {
			t.Errorf("error: %v", err)
		}
		if took := time.Since(start); took > 10*time.Millisecond {
			t.Errorf("reading went on for %s", took)
		}
	})
}

func TestReadDigestCanceled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err := gate.ReadDigest(ctx, manyBatches(20), theOrder)
		if !errors.Is(err, context.Canceled) || time.Since(start) > time.Second {
			t.Errorf("error %v after %s", err, time.Since(start))
		}
	})
}
