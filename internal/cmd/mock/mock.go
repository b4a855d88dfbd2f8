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

// The credentials and the project that the mock accepts, and its workspace. What it issues is a temporary key, or the token.
const (
	region      = "cn-north-4"
	accessKey   = "MOCKACCESSKEY"
	secretKey   = "mock-secret-key"
	projectID   = "b384b9e9ab9b4ee8994c8633aabc9505"
	workspaceID = "0d0e8c1b7a3f4f0e9d6c5b4a39281706"

	temporaryAccessKey = "MOCKTEMPORARYKEY"
	temporarySecretKey = "mock-temporary-secret-key"
	securityToken      = "mock-security-token"
	authToken          = "mock-token"
)

// mock is the mocked cloud. Some objects change with the time or when told to.
type mock struct {
	*cloudtest.Service

	now   func() time.Time
	start time.Time
	// runTime is how long what is running takes.
	runTime time.Duration
	objects []object

	mu sync.Mutex
	// begun is when the objects that run began; zero before the first request about one of them.
	begun time.Time
	// commands are those that were sent so far. What has been decided by an earlier one stays.
	commands []command
}

// command is a request that changes the mock.
type command struct {
	at   time.Time
	path string
}

// object is something to ask about.
type object struct {
	kind, id, does string
	stories        func(*cloudtest.Service, string) []*cloudtest.Sequence
	scene          func() http.Handler
}

func (m *mock) list() []object {
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
	during := fmt.Sprintf("for %g s", m.runTime.Seconds())
	return []object{
		{"order", "SCT-succeeded", "succeeded on 10 hosts, just before the mock started", order, func() http.Handler {
			return m.ended(cloudtest.Finished(10))
		}},
		{"order", "SCT-failed", "failed on 2 of 5 hosts, and has logs", order, func() http.Handler {
			scene := cloudtest.Failed(3, 2)
			scene.Log = "mock-log: the disk is full"
			return scene
		}},
		{"order", "SCT-old", "succeeded in 2023", order, func() http.Handler { return cloudtest.Finished(10) }},
		{"order", "SCT-running", "runs " + during + ", then has succeeded; POST /start begins again", order, m.running},
		{"order", "SCT-turns", "has succeeded until POST /fail, and again after POST /succeed", order, m.turns},
		{"order", cloudtest.ExampleOrder, "the order of the examples; as SCT-turns", order, m.turns},
		{"workspace", workspaceID, "the default one, too: today the job load_orders has failed, all others have succeeded; POST /start adds a run " +
			during + ", which then succeeds, or fails after POST /fail", workspace, m.jobs},
		{"job", "etl_orders", fmt.Sprintf("begins every %g s, runs %s and succeeds, or fails after POST /fail", (3 * m.runTime).Seconds(), during), job, m.runs},
		{"job", "load_orders", "failed just before the mock started", job, func() http.Handler {
			return cloudtest.Runs(cloudtest.Run{ID: 34765, Status: "fail", Began: m.start.Add(-time.Minute)})
		}},
		{"ROMA instance", "roma-healthy", "12 tasks run", instance, func() http.Handler {
			return cloudtest.Tasks(map[string]int{"running": 12}, nil)
		}},
		{"ROMA instance", "roma-abnormal", "11 tasks run, and 1 is abnormal", instance, func() http.Handler {
			return cloudtest.Tasks(map[string]int{"running": 11, "abnormal": 1}, nil)
		}},
		{"ROMA instance", "roma-starting", "3 of 12 tasks run " + during + ", then all of them; POST /start begins again", instance, m.tasks},
	}
}

func newMock(now func() time.Time, runTime time.Duration) *mock {
	secrets := map[string]string{accessKey: secretKey, temporaryAccessKey: temporarySecretKey}
	m := &mock{Service: cloudtest.New(cloudtest.Signed(secrets)), now: now, start: now(), runTime: runTime}
	m.objects = m.list()
	for _, o := range m.objects {
		for _, story := range o.stories(m.Service, o.id) {
			story.Then(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.scene().ServeHTTP(w, r) }))
		}
	}
	m.IAM().Then(&cloudtest.Account{
		Token: authToken, Unscoped: authToken, Projects: map[string]string{region: projectID},
		AccessKey: temporaryAccessKey, SecretKey: temporarySecretKey, SecurityToken: securityToken,
	})
	return m
}

// ServeHTTP answers as the cloud does, and obeys the commands of introduction.
func (m *mock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, isOrder := strings.CutPrefix(r.URL.Path, "/v1/job/script/orders/")
	_, name, isJob := strings.Cut(r.URL.Path, "/factory/jobs/")
	switch {
	case r.Method == http.MethodPost && slices.Contains([]string{"/start", "/fail", "/succeed"}, r.URL.Path):
		m.obey(r.URL.Path)
	case wrongToken(r.Header):
		cloudtest.Error(http.StatusUnauthorized, "APIGW.0301", "Incorrect IAM authentication information: the token is not the mock's").ServeHTTP(w, r)
	case isOrder && !m.knows("order", id):
		cloudtest.NotFound.ServeHTTP(w, r)
	case isJob && !m.knows("job", name):
		cloudtest.NoSuchJob.ServeHTTP(w, r)
	default:
		m.Service.ServeHTTP(w, r)
	}
}

// wrongToken reports whether a request has another token than those of the mock, or a temporary key without its token. Signatures are left
// to the service.
func wrongToken(header http.Header) bool {
	security := ""
	if strings.Contains(header.Get("Authorization"), "Access="+temporaryAccessKey+",") {
		security = securityToken
	}
	token := header.Get("X-Auth-Token")
	return (token != "" && token != authToken) || header.Get("X-Security-Token") != security
}

func (m *mock) obey(path string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	m.commands = append(m.commands, command{now, path})
	if path == "/start" {
		m.begun = now
	}
}

func (m *mock) knows(kind, id string) bool {
	id, _, _ = strings.Cut(id, "/")
	return slices.ContainsFunc(m.objects, func(o object) bool { return o.kind == kind && o.id == id })
}

// sent are the commands so far.
func (m *mock) sent() []command {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.commands)
}

// badAt reports whether POST /fail was the last word at a time.
func (m *mock) badAt(at time.Time) bool {
	bad := false
	for _, c := range m.sent() {
		if c.path != "/start" && !c.at.After(at) {
			bad = c.path == "/fail"
		}
	}
	return bad
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

func (m *mock) turns() http.Handler {
	if m.badAt(m.now()) {
		return m.ended(cloudtest.Failed(8, 2))
	}
	return m.ended(cloudtest.Finished(10))
}

func (m *mock) running() http.Handler {
	elapsed, begun := m.elapsed()
	scene := cloudtest.Running(int(elapsed*10/m.runTime), 10)
	if elapsed >= m.runTime {
		scene = cloudtest.Finished(10)
	}
	scene.Created, scene.Finished = begun, begun.Add(m.runTime)
	return scene
}

// status is that of a run of a job.
func (m *mock) status(began time.Time) string {
	switch {
	case m.now().Sub(began) < m.runTime:
		return "running"
	case m.badAt(began.Add(m.runTime)):
		return "fail"
	default:
		return "success"
	}
}

// jobs are those of the morning, and one for each POST /start.
func (m *mock) jobs() http.Handler {
	scene := cloudtest.JobScene{
		Counts: map[string]int{"success": 6, "fail": 1}, Listed: []cloudtest.Job{{Name: "load_orders", Status: "fail", ID: 34765}},
	}
	for i, c := range m.sent() {
		if c.path != "/start" {
			continue
		}
		job := cloudtest.Job{Name: "etl_orders", Status: m.status(c.at), ID: int64(34766 + i)}
		scene.Counts[job.Status]++
		scene.Listed = append(scene.Listed, job)
	}
	return scene
}

// runs are those since ten minutes before the start. A listing that loses a run would be distrusted.
func (m *mock) runs() http.Handler {
	var runs []cloudtest.Run
	period := 3 * m.runTime
	for began := m.now().Truncate(period); m.start.Sub(began) < 10*time.Minute; began = began.Add(-period) {
		runs = append(runs, cloudtest.Run{ID: began.UnixMilli(), Status: m.status(began), Began: began, Took: m.runTime})
	}
	return cloudtest.Runs(runs...)
}

func (m *mock) tasks() http.Handler {
	if elapsed, _ := m.elapsed(); elapsed < m.runTime {
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
	for _, o := range m.objects {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", o.kind, o.id, o.does)
	}
	_, _ = fmt.Fprintf(table, "temporary key\t%s\twith HW_SECRET_KEY=%s HW_SECURITY_TOKEN=%s\n", temporaryAccessKey, temporarySecretKey, securityToken)
	_, _ = fmt.Fprintf(table, "IAM token\t%s\tin HW_AUTH_TOKEN; any password, agency and identity token is accepted for it or for the temporary key\n", authToken)
	_ = table.Flush()
	_, _ = fmt.Fprintf(&out, "\nAny other id is not found, and any other key is refused. To change what happens, for example: curl -X POST %s/fail\n\n", url)
	return out.String()
}
