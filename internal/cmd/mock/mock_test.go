package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/gate"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// start is a moment between two full minutes, in the past, since the gate asks for runs until now.
var start = time.Now().Truncate(time.Minute).Add(30*time.Second - time.Hour)

// runTime is the default.
const runTime = 20 * time.Second

// TestObjects asks for every object, at first, after a command and after the time that it says, as the provider would.
func TestObjects(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		outcome func(context.Context, *client.Client) (gate.Outcome, error)
		// command is sent after the first read, and the last read is after the time later.
		command string
		later   time.Duration
		wanted  []gate.Outcome
	}{
		{"SCT-succeeded", order("SCT-succeeded"), "/fail", time.Hour, []gate.Outcome{gate.Succeeded, gate.Succeeded, gate.Succeeded}},
		{"SCT-failed", order("SCT-failed"), "/succeed", time.Hour, []gate.Outcome{gate.Failed, gate.Failed, gate.Failed}},
		{"SCT-old", order("SCT-old"), "", 0, []gate.Outcome{gate.Succeeded, gate.Succeeded, gate.Succeeded}},
		{"SCT-running", order("SCT-running"), "", runTime, []gate.Outcome{gate.Running, gate.Running, gate.Succeeded}},
		{"SCT-turns", order("SCT-turns"), "/fail", time.Hour, []gate.Outcome{gate.Succeeded, gate.Failed, gate.Failed}},
		{cloudtest.ExampleOrder, order(cloudtest.ExampleOrder), "/fail", time.Hour, []gate.Outcome{gate.Succeeded, gate.Failed, gate.Failed}},
		{"workspace", jobs(gate.JobRequest{}), "/start", runTime, []gate.Outcome{gate.Failed, gate.Failed, gate.Failed}},
		{"workspace since the morning", jobs(sinceTheMorning), "/start", runTime, []gate.Outcome{gate.Pending, gate.Running, gate.Succeeded}},
		{"etl_orders since now", runs("etl_orders", start), "", 35 * time.Second, []gate.Outcome{gate.Pending, gate.Pending, gate.Running}},
		{"etl_orders since a while", runs("etl_orders", start.Add(-time.Minute)), "", 55 * time.Second, []gate.Outcome{gate.Succeeded, gate.Succeeded, gate.Succeeded}},
		{"etl_orders, then it fails", runs("etl_orders", start), "/fail", 55 * time.Second, []gate.Outcome{gate.Pending, gate.Pending, gate.Failed}},
		{"etl_orders, and failures since", runs("etl_orders", start.Add(-time.Minute)), "/fail", 25 * time.Second, []gate.Outcome{gate.Succeeded, gate.Succeeded, gate.Succeeded}},
		{"load_orders", runs("load_orders", start.Add(-time.Hour)), "", 0, []gate.Outcome{gate.Failed, gate.Failed, gate.Failed}},
		{"roma-healthy", tasks("roma-healthy"), "", 0, []gate.Outcome{gate.Running, gate.Running, gate.Running}},
		{"roma-abnormal", tasks("roma-abnormal"), "", 0, []gate.Outcome{gate.Failed, gate.Failed, gate.Failed}},
		{"roma-starting", tasks("roma-starting"), "", runTime, []gate.Outcome{gate.Pending, gate.Pending, gate.Running}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			now := start
			m := newMock(func() time.Time { return now }, runTime)
			c := newClient(t, m)
			for i, prepare := range []func(){
				func() {},
				func() {
					if test.command != "" {
						m.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, test.command, http.NoBody))
					}
				},
				func() { now = now.Add(test.later) },
			} {
				prepare()
				if got, err := test.outcome(t.Context(), c); err != nil || got != test.wanted[i] {
					t.Errorf("read %d: %s, %v; wanted %s", i+1, got, err, test.wanted[i])
				}
			}
		})
	}
}

// TestFailureOfTheWorkspace starts a run that fails, and one that succeeds after it: the failure stays.
func TestFailureOfTheWorkspace(t *testing.T) {
	t.Parallel()
	now := start
	m := newMock(func() time.Time { return now }, runTime)
	c := newClient(t, m)
	for _, commands := range [][]string{{"/fail", "/start"}, {"/succeed", "/start"}} {
		for _, command := range commands {
			m.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, command, http.NoBody))
		}
		now = now.Add(runTime + time.Second)
		if got, err := jobs(sinceTheMorning)(t.Context(), c); err != nil || got != gate.Failed {
			t.Errorf("after %s: %s, %v", commands, got, err)
		}
	}
}

// TestCredentials reads with what the mock accepts and issues. A token of another, and a temporary key without its token, are refused.
func TestCredentials(t *testing.T) {
	t.Parallel()
	key := client.Credential{AccessKey: accessKey, SecretKey: secretKey}
	temporary := client.Credential{AccessKey: temporaryAccessKey, SecretKey: temporarySecretKey, SecurityToken: securityToken}
	static := func(credential client.Credential) client.CredentialSource {
		return client.StaticCredential(credential, "the test")
	}
	user := client.Password{UserName: "user", Password: "password", DomainName: "account"}
	for name, test := range map[string]struct {
		source  client.CredentialSource
		refused bool
	}{
		"token":            {static(client.Credential{Token: authToken}), false},
		"another token":    {static(client.Credential{Token: "another"}), true},
		"temporary key":    {static(temporary), false},
		"no token of it":   {static(client.Credential{AccessKey: temporaryAccessKey, SecretKey: temporarySecretKey}), true},
		"a token too many": {static(client.Credential{AccessKey: accessKey, SecretKey: secretKey, SecurityToken: securityToken}), true},
		"password":         {client.PasswordSource(user, "the test"), false},
		"identity token":   {client.IdentitySource(client.Identity{ProviderID: "gitlab", Token: "identity"}, time.Hour, "the test"), false},
		"agency, IAM":      {client.AssumeRoleSource(static(key), client.Agency{Name: "a", DomainName: "account", Duration: time.Hour}), false},
		"agency, STS":      {client.AssumeRoleSource(static(temporary), client.Agency{Name: "a", DomainID: "id", Duration: time.Hour}), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClientWith(t, newMock(time.Now, runTime), test.source)
			for _, read := range []func(context.Context, *client.Client) (gate.Outcome, error){order("SCT-succeeded"), tasks("roma-healthy")} {
				if _, err := read(t.Context(), c); (err != nil) != test.refused {
					t.Errorf("refused: %t, want %t: %v", err != nil, test.refused, err)
				}
			}
		})
	}
}

// TestRefusals holds the mock to what it says of all other ids and keys.
func TestRefusals(t *testing.T) {
	t.Parallel()
	m := newMock(time.Now, runTime)
	if _, err := order("SCT-other")(t.Context(), newClient(t, m)); !client.IsNotFound(err) {
		t.Errorf("another order: %v", err)
	}
	if _, err := order("SCT-succeeded")(t.Context(), newClientWithKey(t, m, "another-secret-key")); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("another key: %v", err)
	}
}

// TestIntroduction wants the introduction to name every object, the key and the address.
func TestIntroduction(t *testing.T) {
	t.Parallel()
	m := newMock(time.Now, runTime)
	introduction := m.introduction("http://192.0.2.1")
	for _, o := range m.objects {
		if !strings.Contains(introduction, o.id) || !strings.Contains(introduction, o.does) {
			t.Errorf("the introduction lacks the %s %s", o.kind, o.id)
		}
	}
	for _, text := range []string{
		"http://192.0.2.1", accessKey, secretKey, temporaryAccessKey, temporarySecretKey, securityToken, authToken, "every 60 s", "for 20 s",
	} {
		if !strings.Contains(introduction, text) {
			t.Errorf("the introduction lacks %s", text)
		}
	}
}

// TestServe starts the mock as the command does, asks it over the network, and ends it.
func TestServe(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan error)
	go func() {
		ended <- serve(ctx, "127.0.0.1:0", runTime, writer)
		_ = writer.Close()
	}()
	first := make([]byte, 200)
	n, err := io.ReadAtLeast(reader, first, 60)
	if err != nil {
		t.Fatal(err)
	}
	_, address, _ := strings.Cut(string(first[:n]), "http://")
	address, _, _ = strings.Cut(address, " ")
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/fail", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("the command was answered with %s", answer.Status)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := serve(t.Context(), "127.0.0.1:0", 0, io.Discard); err == nil {
		t.Error("what runs takes no time")
	}
}

func order(id string) func(context.Context, *client.Client) (gate.Outcome, error) {
	return func(ctx context.Context, c *client.Client) (gate.Outcome, error) {
		target, err := c.COCTarget("", "")
		if err != nil {
			return "", err
		}
		report, err := gate.ReadOrder(ctx, c, gate.OrderRequest{Order: client.Order{Target: target, ExecuteUUID: id}, Details: true})
		if err != nil {
			return "", err
		}
		return report.Outcome, nil
	}
}

func tasks(id string) func(context.Context, *client.Client) (gate.Outcome, error) {
	return func(ctx context.Context, c *client.Client) (gate.Outcome, error) {
		target, err := c.ProjectTarget(ctx, "", "")
		if err != nil {
			return "", err
		}
		report, err := gate.ReadTasks(ctx, c, gate.TaskRequest{FDIInstance: client.FDIInstance{Target: target, InstanceID: id}, MinRunning: 12})
		if err != nil {
			return "", err
		}
		return report.Outcome, nil
	}
}

// sinceTheMorning judges what the workspace counts more than at first.
var sinceTheMorning = gate.JobRequest{MinNew: 1, Baseline: map[string]int64{
	"success": 6, "fail": 1, "force_success": 0, "freeze": 0, "ignore_success": 0, "manual_stop": 0, "pause": 0, "running": 0,
	"running_exception": 0, "skip": 0, "waiting_confirm": 0, "waiting": 0,
}}

func runs(job string, since time.Time) func(context.Context, *client.Client) (gate.Outcome, error) {
	return jobs(gate.JobRequest{JobName: job, Since: since, MinNew: 1})
}

func jobs(request gate.JobRequest) func(context.Context, *client.Client) (gate.Outcome, error) {
	return func(ctx context.Context, c *client.Client) (gate.Outcome, error) {
		target, err := c.ProjectTarget(ctx, "", "")
		if err != nil {
			return "", err
		}
		request.WorkspaceJobs.Target = target
		report, err := gate.ReadJobs(ctx, c, request)
		if err != nil {
			return "", err
		}
		return report.Outcome, nil
	}
}

func newClient(t *testing.T, m *mock) *client.Client {
	t.Helper()
	return newClientWithKey(t, m, secretKey)
}

func newClientWithKey(t *testing.T, m *mock, secret string) *client.Client {
	t.Helper()
	return newClientWith(t, m, client.StaticCredential(client.Credential{AccessKey: accessKey, SecretKey: secret}, "the test"))
}

func newClientWith(t *testing.T, m *mock, source client.CredentialSource) *client.Client {
	t.Helper()
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	endpoint := client.Setting{Value: server.URL}
	c, err := client.New(client.Config{
		Region: client.Setting{Value: region},
		Endpoints: map[client.Service]client.Setting{
			client.COC: endpoint, client.DataArts: endpoint, client.ROMA: endpoint, client.IAM: endpoint, client.STS: endpoint,
		},
		Credentials: source,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
