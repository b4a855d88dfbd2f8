package gate

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// silent does not answer before its context ends.
func silent(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// slowNames plays each source that closes a gate, and lists names as it is told to.
func slowNames(list func(context.Context) error) map[string]func(context.Context, *testing.T) Report {
	return map[string]func(context.Context, *testing.T) Report{
		"order": func(ctx context.Context, t *testing.T) Report {
			t.Helper()
			service := &slowBatches{list: list, coc: coc{
				order: always(over("ABNORMAL")), statistics: always(statistics(1, row("ABNORMAL", 1, 1))),
			}}
			report, err := ReadOrder(ctx, service, OrderRequest{Order: theOrder, Details: true})
			if err != nil || report.Failures != nil || report.Counts != nil {
				t.Fatalf("got %+v and the error %v", report, err)
			}
			return report.Report
		},
		"jobs": func(ctx context.Context, t *testing.T) Report {
			t.Helper()
			report, err := ReadJobs(ctx, &dataArts{
				statistics: always(jobs(map[string]int64{"fail": 1})),
				failed:     func(ctx context.Context) (*client.JobInstanceList, error) { return nil, list(ctx) },
			}, JobRequest{Details: true})
			if err != nil || report.Failures != nil || report.Counts["fail"] != 1 {
				t.Fatalf("got %+v and the error %v", report, err)
			}
			return report.Report
		},
		"tasks": func(ctx context.Context, t *testing.T) Report {
			t.Helper()
			report, err := ReadTasks(ctx, &roma{
				statistics: always(&client.FDITaskStatistics{CommonTaskDetails: details(0, 1, 0, 0)}),
				abnormal:   func(ctx context.Context) (*client.FDITaskList, error) { return nil, list(ctx) },
			}, TaskRequest{Details: true})
			if err != nil || report.Abnormal != nil || report.Counts["abnormal"] != 1 {
				t.Fatalf("got %+v and the error %v", report, err)
			}
			return report.Report
		},
	}
}

// slowBatches lists batches as it is told to.
type slowBatches struct {
	coc

	list func(context.Context) error
}

func (s *slowBatches) ScriptOrderBatch(ctx context.Context, _ client.Batch) (*client.ScriptOrderBatch, error) {
	return nil, s.list(ctx)
}

// Names get a minute of the time that is left; then the verdict comes without them. What else ends their reading keeps its own reason.
func TestNamesGetAMinute(t *testing.T) {
	t.Parallel()
	fault := errors.New("fault")
	for name, test := range map[string]struct {
		list  func(context.Context) error
		limit time.Duration
		took  time.Duration
		slow  bool
		err   error
	}{
		"silence":                  {silent, 5 * time.Minute, time.Minute, true, context.DeadlineExceeded},
		"silence, no limit":        {silent, 0, time.Minute, true, context.DeadlineExceeded},
		"silence, little time":     {silent, time.Minute, time.Minute, false, context.DeadlineExceeded},
		"a pause that is too long": {func(context.Context) error { return &client.PauseError{Pause: time.Hour} }, 2 * time.Minute, 0, true, nil},
		"the same, little time":    {func(context.Context) error { return &client.PauseError{Pause: time.Hour} }, time.Minute, 0, false, nil},
		"a fault":                  {func(context.Context) error { return fault }, 5 * time.Minute, 0, false, fault},
	} {
		for source, read := range slowNames(test.list) {
			t.Run(name+"/"+source, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					ctx := t.Context()
					if test.limit > 0 {
						limited, cancel := context.WithTimeout(ctx, test.limit)
						defer cancel()
						ctx = limited
					}
					start := time.Now()
					report := read(ctx, t)
					if took := time.Since(start); took != test.took {
						t.Errorf("it took %s, want %s", took, test.took)
					}
					if report.Outcome != Failed || errors.Is(report.UnreadDetails, ErrDetailsTimeout) != test.slow {
						t.Errorf("%s, unread details: %v", report.Outcome, report.UnreadDetails)
					}
					if report.UnreadDetails == nil || (test.err != nil && !errors.Is(report.UnreadDetails, test.err)) {
						t.Errorf("unread details: %v, want %v", report.UnreadDetails, test.err)
					}
				})
			})
		}
	}
}

// The statistics that confirm a success decide the verdict: they keep the whole time.
func TestConfirmationKeepsTheWholeTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := &coc{order: always(over("FINISHED")), statistics: func(int) (*client.ScriptOrderStatistics, error) {
			<-time.After(4 * time.Minute)
			return statistics(1, row("ABNORMAL", 1, 1)), nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		report, err := ReadOrder(ctx, service, OrderRequest{Order: theOrder, Details: true})
		if err != nil || report.Outcome != Unknown {
			t.Errorf("got %+v and the error %v", report, err)
		}
	})
}
