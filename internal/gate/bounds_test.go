package gate

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// changing plays a workspace whose answer counts one more instance of a new state at every look, until all is well.
type changing struct{ looks, until int64 }

func (c *changing) JobStatistics(context.Context, client.WorkspaceJobs) (*client.JobStatistics, error) {
	c.looks++
	none, one := int64(0), int64(1)
	statistics := &client.JobStatistics{
		FailCount: &none, ForceSuccessCount: &none, FreezeCount: &none, IgnoreSuccessCount: &none, ManualStopCount: &none, PauseCount: &none,
		RunningCount: &none, RunningExceptionCount: &none, SkipCount: &none, SuccessCount: &one, WaitingConfirmCount: &none, WaitingCount: &none,
	}
	if c.looks <= c.until {
		statistics.Further = map[string]int64{"lost": c.looks}
	}
	return statistics, nil
}

func (c *changing) FailedJobInstances(context.Context, client.FailedJobsRequest) (*client.JobInstanceList, error) {
	return nil, errors.New("nothing failed")
}

func (c *changing) JobRuns(context.Context, client.JobRunsRequest) (*client.JobRunList, error) {
	return nil, errors.New("no job was asked for")
}

// A doubt that reads differently at every look does not make the warning about it longer and longer.
func TestDoubtsOfALongWaitAreBounded(t *testing.T) {
	t.Parallel()
	for _, doubtful := range []int64{0, 1, 10, 11, 500} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			report, err := ReadJobs(ctx, &changing{until: doubtful}, JobRequest{Wait: &Wait{Interval: time.Second}})
			if err != nil || !report.Good() {
				t.Fatalf("report %+v, error %v", report, err)
			}
			if got, want := len(report.PastDoubts), int(min(doubtful, 10)); got != want {
				t.Errorf("%d looks in doubt: %d are told of, want %d", doubtful, got, want)
			}
		})
	}
}

// More failed instances than an order can have are not read, nor taken from batches that list more than the statistics count.
func TestFailuresBeyondReason(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		counted, listed int
		batches         int64
		read            bool
	}{
		"as many as there may be":         {1000, 1000, 1, true},
		"one more":                        {1001, 1001, 1, false},
		"more than counted, beyond a cut": {101, 2, 101, false},
		"as counted, beyond a cut":        {101, 1, 101, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			statuses := make([]string, test.listed)
			for i := range statuses {
				statuses[i] = abnormal
			}
			service := &coc{batches: map[int64]*client.ScriptOrderBatch{}}
			var indexes []int64
			for i := int64(1); i <= test.batches; i++ {
				indexes = append(indexes, i)
				service.batches[i] = batch(int64(test.listed), statuses...)
			}
			service.order = always(&client.ScriptOrder{Status: new(abnormal)})
			service.statistics = always(statistics(int64(test.counted), row(abnormal, int64(test.counted), indexes...)))
			report, err := ReadOrder(t.Context(), service, OrderRequest{Order: theOrder, Details: true})
			if err != nil {
				t.Fatal(err)
			}
			if report.Outcome != Failed || (report.Failures != nil) != test.read || errors.Is(report.UnreadDetails, ErrUntrusted) == test.read {
				t.Errorf("outcome %s, %d failures, unread %v", report.Outcome, len(report.Failures), report.UnreadDetails)
			}
		})
	}
}

// silentStatistics plays COC with an order that ends after a minute, whose statistics never answer.
type silentStatistics struct {
	coc

	began time.Time
}

func (s *silentStatistics) ScriptOrder(context.Context, client.Order) (*client.ScriptOrder, error) {
	status := processing
	if time.Since(s.began) >= time.Minute {
		status = canceled
	}
	return &client.ScriptOrder{Status: &status}, nil
}

func (s *silentStatistics) ScriptOrderStatistics(ctx context.Context, _ client.Order) (*client.ScriptOrderStatistics, error) {
	timer := time.NewTimer(3 * time.Minute)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, errors.New("no answer")
	}
}

// Statistics that only tell the progress do not make the end of an order seen late; those of its end have their time.
func TestSilentStatisticsHoldNoWaitUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
		defer cancel()
		service := &silentStatistics{began: time.Now()}
		wait := &Wait{Interval: 10 * time.Second, Progress: func(Progress) {}}
		report, err := ReadOrder(ctx, service, OrderRequest{Order: theOrder, Details: true, Wait: wait})
		if err != nil || report.Outcome != Canceled || report.UnreadDetails == nil {
			t.Fatalf("report %+v, error %v", report, err)
		}
		if took := time.Since(service.began); took > time.Minute+15*time.Second+3*time.Minute {
			t.Errorf("the end was seen and told after %s", took)
		}
	})
}
