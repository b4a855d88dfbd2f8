package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// The credential and the project that the mock accepts, and its workspace.
const (
	region      = "cn-north-4"
	accessKey   = "MOCKACCESSKEY"
	secretKey   = "mock-secret-key"
	projectID   = "b384b9e9ab9b4ee8994c8633aabc9505"
	workspaceID = "0d0e8c1b7a3f4f0e9d6c5b4a39281706"
)

// runTime is how long what is running takes.
const runTime = 20 * time.Second

// mock is the mocked cloud. Some objects change with the time or when told to.
type mock struct {
	*cloudtest.Service

	now   func() time.Time
	start time.Time

	mu sync.Mutex
	// begun is when the objects that run began; zero before the first request about one of them.
	begun time.Time
	// bad is what POST /fail sets.
	bad bool
}

// object is something to ask about.
type object struct {
	kind, id, does string
	stories        func(*cloudtest.Service, string) []*cloudtest.Sequence
	scene          func(*mock) http.Handler
}

func objects() []object {
	order := func(s *cloudtest.Service, id string) []*cloudtest.Sequence { return []*cloudtest.Sequence{s.Order(id)} }
	instance := func(s *cloudtest.Service, id string) []*cloudtest.Sequence {
		return []*cloudtest.Sequence{s.Instance(id)}
	}
	workspace := func(s *cloudtest.Service, id string) []*cloudtest.Sequence {
		return []*cloudtest.Sequence{s.Workspace(""), s.Workspace(id)}
	}
	job := func(s *cloudtest.Service, name string) []*cloudtest.Sequence {
		return []*cloudtest.Sequence{s.Job("", name), s.Job(workspaceID, name)}
	}
	return []object{
		{"order", "SCT-succeeded", "succeeded on 10 hosts, just before the mock started", order, func(m *mock) http.Handler {
			return m.ended(cloudtest.Finished(10))
		}},
		{"order", "SCT-failed", "failed on 2 of 5 hosts", order, func(*mock) http.Handler { return cloudtest.Failed(3, 2) }},
		{"order", "SCT-old", "succeeded in 2023", order, func(*mock) http.Handler { return cloudtest.Finished(10) }},
		{"order", "SCT-running", "runs for 20 s, then has succeeded; POST /start begins again", order, (*mock).running},
		{"order", "SCT-turns", "has succeeded until POST /fail, and again after POST /succeed", order, func(m *mock) http.Handler {
			if m.isBad() {
				return m.ended(cloudtest.Failed(8, 2))
			}
			return m.ended(cloudtest.Finished(10))
		}},
		{"workspace", workspaceID, "the default one, too: today the job load_orders has failed, all others have succeeded", workspace, func(*mock) http.Handler {
			return cloudtest.JobScene{
				Counts: map[string]int{"success": 6, "fail": 1}, Listed: []cloudtest.Job{{Name: "load_orders", Status: "fail", ID: 34765}},
			}
		}},
		{"job", "etl_orders", "begins at every full minute, runs for 20 s and succeeds", job, (*mock).runs},
		{"job", "load_orders", "failed just before the mock started", job, func(m *mock) http.Handler {
			return cloudtest.Runs(cloudtest.Run{ID: 34765, Status: "fail", Began: m.start.Add(-time.Minute)})
		}},
		{"ROMA instance", "roma-healthy", "12 tasks run", instance, func(*mock) http.Handler {
			return cloudtest.Tasks(map[string]int{"running": 12}, nil)
		}},
		{"ROMA instance", "roma-abnormal", "11 tasks run, and 1 is abnormal", instance, func(*mock) http.Handler {
			return cloudtest.Tasks(map[string]int{"running": 11, "abnormal": 1}, nil)
		}},
		{"ROMA instance", "roma-starting", "3 of 12 tasks run, and all of them 20 s later; POST /start begins again", instance, (*mock).tasks},
	}
}

func newMock(now func() time.Time) *mock {
	m := &mock{Service: cloudtest.New(cloudtest.Signed(map[string]string{accessKey: secretKey})), now: now, start: now()}
	for _, o := range objects() {
		for _, story := range o.stories(m.Service, o.id) {
			story.Then(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.scene(m).ServeHTTP(w, r) }))
		}
	}
	m.IAM().Then(&cloudtest.Account{Projects: map[string]string{region: projectID}})
	return m
}

// ServeHTTP answers as the cloud does, and obeys the commands of introduce.
func (m *mock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	command := r.Method + " " + r.URL.Path
	m.mu.Lock()
	switch command {
	case "POST /start":
		m.begun = m.now()
	case "POST /fail":
		m.bad = true
	case "POST /succeed":
		m.bad = false
	default:
		command = ""
	}
	m.mu.Unlock()
	id, isOrder := strings.CutPrefix(r.URL.Path, "/v1/job/script/orders/")
	_, name, isJob := strings.Cut(r.URL.Path, "/factory/jobs/")
	switch {
	case command != "":
	case isOrder && !known("order", id):
		cloudtest.NotFound.ServeHTTP(w, r)
	case isJob && !known("job", name):
		cloudtest.NoSuchJob.ServeHTTP(w, r)
	default:
		m.Service.ServeHTTP(w, r)
	}
}

func known(kind, id string) bool {
	id, _, _ = strings.Cut(id, "/")
	return slices.ContainsFunc(objects(), func(o object) bool { return o.kind == kind && o.id == id })
}

func (m *mock) isBad() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bad
}

// elapsed is the time since the objects that run began, and when that was. The first request begins them.
func (m *mock) elapsed() (time.Duration, time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if m.begun.IsZero() {
		m.begun = now
	}
	return now.Sub(m.begun), m.begun
}

// ended is an order that ended when the mock started.
func (m *mock) ended(scene cloudtest.OrderScene) http.Handler {
	scene.Created, scene.Finished = m.start.Add(-5*time.Minute-11*time.Second), m.start
	return scene
}

func (m *mock) running() http.Handler {
	elapsed, begun := m.elapsed()
	scene := cloudtest.Running(int(elapsed*10/runTime), 10)
	if elapsed >= runTime {
		scene = cloudtest.Finished(10)
	}
	scene.Created, scene.Finished = begun, begun.Add(runTime)
	return scene
}

// runs are those since ten minutes before the start. A listing that loses a run would be distrusted.
func (m *mock) runs() http.Handler {
	var runs []cloudtest.Run
	now := m.now()
	for began := now.Truncate(time.Minute); m.start.Sub(began) < 10*time.Minute; began = began.Add(-time.Minute) {
		run := cloudtest.Run{ID: began.Unix() / 60, Status: "success", Began: began}
		if now.Sub(began) < runTime {
			run.Status = "running"
		}
		runs = append(runs, run)
	}
	return cloudtest.Runs(runs...)
}

func (m *mock) tasks() http.Handler {
	if elapsed, _ := m.elapsed(); elapsed < runTime {
		return cloudtest.Tasks(map[string]int{"running": 3}, nil)
	}
	return cloudtest.Tasks(map[string]int{"running": 12}, nil)
}

// introduction says what to paste, what to ask for, and how to change it.
func (m *mock) introduction(url string) string {
	var out strings.Builder
	_, _ = fmt.Fprintf(&out, `A mock of COC, DataArts, ROMA and IAM listens at %[1]s until Ctrl-C. For the shell:

export HW_REGION_NAME=%[2]s HW_ACCESS_KEY=%[3]s HW_SECRET_KEY=%[4]s

For the configuration:

provider "hwgate" {
  endpoints = {
    coc = "%[1]s", dataarts = "%[1]s", roma = "%[1]s", iam = "%[1]s", sts = "%[1]s"
  }
}

`, url, region, accessKey, secretKey)
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, o := range objects() {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", o.kind, o.id, o.does)
	}
	_ = table.Flush()
	_, _ = fmt.Fprintf(&out, "\nAny other id is not found, and any other key is refused. To change what happens, for example: curl -X POST %s/fail\n\n", url)
	return out.String()
}
