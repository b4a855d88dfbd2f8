package gate

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// Fewer tasks than have to run are pending, whatever else has completed; an abnormal one is worse news; enough are healthy.
func TestMinRunning(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		statistics *client.FDITaskStatistics
		min        int64
		outcome    Outcome
		good       bool
		text       string
	}{
		"too few":              {ordinary(2, 0, 0, 1), 3, Pending, false, "2 running, 1 completed; 3 must run"},
		"enough":               {ordinary(3, 0, 0, 1), 3, Running, true, "3 running, 1 completed"},
		"more":                 {ordinary(4, 0, 0, 0), 3, Running, true, "4 running"},
		"none, though some do": {ordinary(0, 0, 0, 5), 1, Pending, false, "5 completed; 1 must run"},
		"nothing at all":       {ordinary(0, 0, 0, 0), 1, Pending, false, "no tasks; 1 must run"},
		"both kinds count": {
			&client.FDITaskStatistics{CommonTaskDetails: details(1, 0, 0, 0), CDCTaskDetails: details(2, 0, 0, 0)}, 3, Running, true,
			"ordinary tasks: 1 running; CDC tasks: 2 running",
		},
		"too few and abnormal": {ordinary(2, 1, 0, 0), 3, Failed, false, "1 abnormal, 2 running; 3 must run"},
		"not trusted":          {ordinary(2, -1, 0, 0), 3, Unknown, false, "a negative count of abnormal tasks"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := readTasks(t, &roma{statistics: always(test.statistics)}, TaskRequest{FDIInstance: theInstance, MinRunning: test.min})
			if got.Outcome != test.outcome || got.Good() != test.good || !strings.HasSuffix(got.Summary, test.text) {
				t.Errorf("%s, good %t: %s", got.Outcome, got.Good(), got.Summary)
			}
		})
	}
}

// A count that is new and not zero is a doubt that names it. It joins the counts, unless one is negative; the total is then not known.
func TestTasksFurtherCounts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		further map[string]int64
		counts  map[string]int64
		text    string
	}{
		"one": {
			map[string]int64{"stuck": 3}, map[string]int64{"running": 5, "abnormal": 0, "terminated": 0, "completed": 0, "stuck": 3},
			"unknown; counts new to this version of the provider: stuck (3); 5 running, 3 stuck",
		},
		"negative": {map[string]int64{"stuck": -3}, nil, "unknown; counts new to this version of the provider: stuck (-3)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			statistics := ordinary(5, 0, 0, 0)
			statistics.Further = test.further
			service := &roma{statistics: always(statistics)}
			got := readTasks(t, service, TaskRequest{FDIInstance: theInstance, Details: true})
			if diff := cmp.Diff(test.counts, got.Counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			if got.Outcome != Unknown || got.Good() || got.Total != nil || service.limits != nil || !strings.HasSuffix(got.Summary, ": "+test.text) {
				t.Errorf("got %+v: %s", got, got.Summary)
			}
		})
	}
}

// tasksListed gives so many abnormal tasks, task-1 to task-n.
func tasksListed(n int) func(context.Context) (*client.FDITaskList, error) {
	list := &client.FDITaskList{Tasks: []client.FDITask{}, Warnings: []string{"position is a list"}}
	for i := 1; i <= n; i++ {
		list.Tasks = append(list.Tasks, client.FDITask{
			TaskName: new("task-" + strconv.Itoa(i)), Kind: new("CDC"), ExecuteStatus: new("ERROR"), Position: new("READER"),
		})
	}
	return func(context.Context) (*client.FDITaskList, error) { return list, nil }
}

// What is abnormal is named in one request more, a hundred at most, and only if anything is.
func TestAbnormalTasks(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		abnormal     int64
		plain        bool
		listed       int
		asked        bool
		tasks        int
		null         bool
		text, unread string
	}{
		"none":                     {text: "running, healthy (the condition for tasks that run forever); 1 running"},
		"one":                      {abnormal: 1, listed: 1, asked: true, tasks: 1, text: "abnormal tasks: task-1"},
		"eleven":                   {abnormal: 11, listed: 11, asked: true, tasks: 11, text: "task-10 and 1 more"},
		"more than a hundred":      {abnormal: 230, listed: 100, asked: true, tasks: 100, text: "task-10 and 220 more"},
		"failure_details is false": {abnormal: 1, plain: true, null: true, text: "failed; 1 abnormal, 1 running"},
		"more listed than counted": {abnormal: 1, listed: 2, asked: true, tasks: 2, text: "abnormal tasks: task-1, task-2"},
		"fewer listed than counted": {
			abnormal: 3, listed: 1, asked: true, tasks: 1, text: "abnormal tasks: task-1 and 2 more",
			unread: "the service counts 3 abnormal tasks, but lists 1",
		},
		"none listed": {
			abnormal: 1, asked: true, null: true, text: "failed; 1 abnormal, 1 running", unread: "the service counts 1 abnormal task, but lists 0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := &roma{statistics: always(ordinary(1, test.abnormal, 0, 0)), abnormal: tasksListed(test.listed)}
			got := readTasks(t, service, TaskRequest{FDIInstance: theInstance, Details: !test.plain})
			if test.asked && !cmp.Equal(service.limits, []int{100}) || !test.asked && service.limits != nil {
				t.Errorf("asked for %v abnormal tasks", service.limits)
			}
			if (got.Abnormal == nil) != test.null || len(got.Abnormal) != test.tasks || len(got.Culprits) != test.tasks {
				t.Errorf("%d tasks (null %t), culprits %v", len(got.Abnormal), got.Abnormal == nil, got.Culprits)
			}
			if unread := errorText(got.UnreadDetails); unread != test.unread {
				t.Errorf("unread: %q, want %q", unread, test.unread)
			}
			if !strings.HasSuffix(got.Summary, test.text) || harmless(got.Summary) != "" {
				t.Errorf("summary %q, want %q at its end", got.Summary, test.text)
			}
			if named := test.tasks > 0; named != (len(got.UnreadFields) == 1) ||
				named != strings.Contains(got.Markdown, "| task-1 | CDC | ERROR | READER |") {
				t.Errorf("unread fields %v, report:\n%s", got.UnreadFields, got.Markdown)
			}
		})
	}
}

// A task is named as far as the service names it.
func TestAbnormalTaskNames(t *testing.T) {
	t.Parallel()
	service := &roma{statistics: always(ordinary(0, 3, 0, 0)), abnormal: func(context.Context) (*client.FDITaskList, error) {
		return &client.FDITaskList{Tasks: []client.FDITask{
			{TaskName: new("copy\x1b[0m"), TaskID: new("7")}, {TaskName: new("\n"), TaskID: new("8")}, {},
		}}, nil
	}}
	got := readTasks(t, service, TaskRequest{FDIInstance: theInstance, Details: true})
	if diff := cmp.Diff([]string{"copy [0m", "8", "a task without a name"}, got.Culprits); diff != "" {
		t.Errorf("culprits (-want +got):\n%s", diff)
	}
}

// A listing that cannot be read costs the names, and nothing else.
func TestAbnormalTasksCannotBeRead(t *testing.T) {
	t.Parallel()
	fault := errors.New("fault")
	service := &roma{
		statistics: always(ordinary(0, 2, 0, 0)),
		abnormal:   func(context.Context) (*client.FDITaskList, error) { return nil, fault },
	}
	got := readTasks(t, service, TaskRequest{FDIInstance: theInstance, Details: true})
	if got.Outcome != Failed || got.Abnormal != nil || got.Culprits != nil || !errors.Is(got.UnreadDetails, fault) || *got.Total != 2 {
		t.Errorf("got %+v", got)
	}
}

// After a cancellation while names are read there is no report.
func TestAbnormalTasksCanceled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		service := &roma{statistics: always(ordinary(0, 2, 0, 0)), abnormal: func(ctx context.Context) (*client.FDITaskList, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		if got, err := ReadTasks(ctx, service, TaskRequest{Details: true}); got != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v and the error %v", got, err)
		}
	})
}
