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
)

// start is a moment between two full minutes, in the past, since the gate asks for runs until now.
var start = time.Now().Truncate(time.Minute).Add(30*time.Second - time.Hour)

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
		{"etl_orders since now", runs("etl_orders", start), "", 35 * time.Second, []gate.Outcome{gate.Pending, gate.Pending, gate.Running}},
		{"etl_orders since a while", runs("etl_orders", start.Add(-time.Minute)), "", 55 * time.Second, []gate.Outcome{gate.Succeeded, gate.Succeeded, gate.Succeeded}},
		{"load_orders", runs("load_orders", start.Add(-time.Hour)), "", 0, []gate.Outcome{gate.Failed, gate.Failed, gate.Failed}},
		{"roma-healthy", tasks("roma-healthy"), "", 0, []gate.Outcome{gate.Running, gate.Running, gate.Running}},
		{"roma-abnormal", tasks("roma-abnormal"), "", 0, []gate.Outcome{gate.Failed, gate.Failed, gate.Failed}},
		{"roma-starting", tasks("roma-starting"), "", runTime, []gate.Outcome{gate.Pending, gate.Pending, gate.Running}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			now := start
			m := newMock(func() time.Time { return now })
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

// TestRefusals holds the mock to what it says of all other ids and keys.
func TestRefusals(t *testing.T) {
	t.Parallel()
	m := newMock(time.Now)
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
	introduction := newMock(time.Now).introduction("http://192.0.2.1")
	for _, o := range objects() {
		if !strings.Contains(introduction, o.id) || !strings.Contains(introduction, o.does) {
			t.Errorf("the introduction lacks the %s %s", o.kind, o.id)
		}
	}
	for _, text := range []string{"http://192.0.2.1", accessKey, secretKey} {
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
		ended <- serve(ctx, "127.0.0.1:0", writer)
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

func runs(job string, since time.Time) func(context.Context, *client.Client) (gate.Outcome, error) {
	return func(ctx context.Context, c *client.Client) (gate.Outcome, error) {
		target, err := c.ProjectTarget(ctx, "", "")
		if err != nil {
			return "", err
		}
		report, err := gate.ReadJobs(ctx, c, gate.JobRequest{WorkspaceJobs: client.WorkspaceJobs{Target: target}, JobName: job, Since: since, MinNew: 1})
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
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	endpoint := client.Setting{Value: server.URL}
	c, err := client.New(client.Config{
		Region: client.Setting{Value: region},
		Endpoints: map[client.Service]client.Setting{
			client.COC: endpoint, client.DataArts: endpoint, client.ROMA: endpoint, client.IAM: endpoint,
		},
		Credentials: client.StaticCredential(client.Credential{AccessKey: accessKey, SecretKey: secret}, "the test"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
