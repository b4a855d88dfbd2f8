package gate

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// What failed is named in one request more, for as many as failed (above the baseline), a hundred at most, and only if any did.
func TestFailedJobs(t *testing.T) {
	t.Parallel()
	type counts = map[string]int64
	for name, test := range map[string]struct {
		counts, baseline counts
		own, plain       bool
		listed           int
		// limit is what was asked for at most; 0 means that nothing was.
		limit        int
		statuses     []string
		failures     int
		null         bool
		text, unread string
	}{
		"nothing failed": {counts: counts{"success": 1}},
		"one":            {counts: counts{"fail": 1}, listed: 1, limit: 1, statuses: []string{"fail"}, failures: 1, text: "failed jobs: job-1 (instance 1)"},
		"one suspended": {
			counts: counts{"running_exception": 1}, listed: 1, limit: 1, statuses: []string{"running-exception"}, failures: 1, text: "failed jobs: job-1 (instance 1)",
		},
		"both while others run": {
			counts: counts{"fail": 1, "running_exception": 1, "running": 1}, listed: 2, limit: 2, statuses: []string{"fail", "running-exception"}, failures: 2,
			text: "failed jobs: job-1 (instance 1), job-2 (instance 2)",
		},
		"more than a hundred": {
			counts: counts{"fail": 230}, listed: 100, limit: 100, statuses: []string{"fail"}, failures: 100,
			text: "job-10 (instance 10) and 220 more",
		},
		"fewer listed than counted": {
			counts: counts{"fail": 5}, listed: 3, limit: 5, statuses: []string{"fail"}, failures: 3,
			text: "job-3 (instance 3) and 2 more", unread: "the service counts 5 failed instances, but lists 3",
		},
		"none listed": {
			counts: counts{"fail": 1}, limit: 1, statuses: []string{"fail"}, null: true, unread: "the service counts 1 failed instance, but lists 0",
		},
		"above the baseline": {
			counts: counts{"fail": 3, "success": 1}, baseline: counts{"fail": 2}, listed: 1, limit: 1, statuses: []string{"fail"}, failures: 1,
			text: "2 new since the baseline, 1 of them failed (in all: 3 failed, 1 succeeded); failed jobs: job-1 (instance 1)",
		},
		"none above the baseline":    {counts: counts{"fail": 2, "success": 1}, baseline: counts{"fail": 2}},
		"failure_details is false":   {counts: counts{"fail": 1}, plain: true, null: true, text: "failed; 1 failed"},
		"only the caller's own ones": {counts: counts{"fail": 1}, own: true, null: true, text: "failed; 1 failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := &dataArts{statistics: always(jobs(test.counts)), failed: listing(test.listed)}
			asked := JobRequest{Details: !test.plain}
			asked.WorkspaceID, asked.IsOwn = "ws1", &test.own
			if test.baseline != nil {
				asked.Baseline = allWords(test.baseline)
			}
			got := readJobs(t, service, asked)
			var limits []int
			for _, listing := range service.listings {
				limits = append(limits, listing.Limit)
				if !cmp.Equal(listing.Statuses, test.statuses) || listing.WorkspaceID != "ws1" || listing.Now.IsZero() {
					t.Errorf("asked for %+v", listing)
				}
			}
			if test.limit != 0 && !cmp.Equal(limits, []int{test.limit}) || test.limit == 0 && limits != nil {
				t.Errorf("asked for %v failed instances, want %d", limits, test.limit)
			}
			if (got.Failures == nil) != test.null || len(got.Failures) != test.failures || len(got.Culprits) != test.failures {
				t.Errorf("%d failures (null %t), culprits %v", len(got.Failures), got.Failures == nil, got.Culprits)
			}
			if unread := errorText(got.UnreadDetails); unread != test.unread {
				t.Errorf("unread: %q, want %q", unread, test.unread)
			}
			if !strings.Contains(got.Summary, test.text) || harmless(got.Summary) != "" || strings.Contains(got.Summary+got.Markdown, "hunter2") {
				t.Errorf("summary %q, want %q in it; report:\n%s", got.Summary, test.text, got.Markdown)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A job is named as far as the service names it.
func TestFailedJobNames(t *testing.T) {
	t.Parallel()
	list := &client.JobInstanceList{Warnings: []string{"endTime is a list"}, Instances: []client.JobInstance{
		{JobName: new("load\x1b[0m"), InstanceID: new("7")},
		{JobName: new("\n")},
		{InstanceID: new("\x00\x1b")},
		{JobName: new(strings.Repeat("n", 300)), InstanceID: new(strings.Repeat("i", 300))},
	}}
	service := &dataArts{
		statistics: always(jobs(map[string]int64{"fail": 4})),
		failed:     func(context.Context) (*client.JobInstanceList, error) { return list, nil },
	}
	got := readJobs(t, service, JobRequest{Details: true})
	want := []string{
		"load [0m (instance 7)", "a job without a name", "a job without a name",
		strings.Repeat("n", 125) + "… (instance " + strings.Repeat("i", 61) + "…)",
	}
	if diff := cmp.Diff(want, got.Culprits); diff != "" {
		t.Errorf("culprits (-want +got):\n%s", diff)
	}
	if !cmp.Equal(got.UnreadFields, list.Warnings) || got.MoreCulprits != 0 {
		t.Errorf("unread fields %v, more culprits %d", got.UnreadFields, got.MoreCulprits)
	}
}

// A listing that cannot be read costs the names, and nothing else.
func TestFailedJobsCannotBeRead(t *testing.T) {
	t.Parallel()
	fault := errors.New("fault")
	service := &dataArts{
		statistics: always(jobs(map[string]int64{"fail": 2})),
		failed:     func(context.Context) (*client.JobInstanceList, error) { return nil, fault },
	}
	got := readJobs(t, service, JobRequest{Details: true})
	if got.Outcome != Failed || !got.Completed || got.Failures != nil || got.Culprits != nil || !errors.Is(got.UnreadDetails, fault) {
		t.Errorf("got %+v", got)
	}
	if !strings.HasSuffix(got.Summary, "failed; 2 failed") {
		t.Errorf("summary %q", got.Summary)
	}
}

// After a cancellation while names are read there is no report.
func TestFailedJobsCanceled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		service := &dataArts{
			statistics: always(jobs(map[string]int64{"fail": 2})),
			failed: func(ctx context.Context) (*client.JobInstanceList, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
		}
		if got, err := ReadJobs(ctx, service, JobRequest{Details: true}); got != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v and the error %v", got, err)
		}
	})
}

// Fields that could not be read are told of whether they stood in the counts or in the listing.
func TestUnreadFieldsOfJobs(t *testing.T) {
	t.Parallel()
	statistics := jobs(map[string]int64{"fail": 1})
	statistics.Warnings = []string{"total_count is a list"}
	service := &dataArts{statistics: always(statistics), failed: func(context.Context) (*client.JobInstanceList, error) {
		return &client.JobInstanceList{Instances: []client.JobInstance{{JobName: new("job")}}, Warnings: []string{"planTime is a list"}}, nil
	}}
	got := readJobs(t, service, JobRequest{Details: true})
	if diff := cmp.Diff([]string{"total_count is a list", "planTime is a list"}, got.UnreadFields); diff != "" {
		t.Errorf("unread fields (-want +got):\n%s", diff)
	}
}
