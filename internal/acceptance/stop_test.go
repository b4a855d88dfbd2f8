//go:build unix

package acceptance_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

var stopTrials = flag.Int("stops", 1, "how often TestStopAtRandomMoments stops each command")

const (
	// stopBound is how long a stopped command may take on a busy machine. What hangs takes the five minutes of timeouts.
	stopBound = 30 * time.Second
	hangs     = "5m"
	// endBound is the same for a provider without a Terraform, which looks for it every second.
	endBound = 20 * time.Second
)

// stopRow is a command that is stopped within a span of time, which begins with words on the screen or else with a sign of the service.
type stopRow struct {
	needs   func(*testing.T)
	command []string
	config  string
	play    func(svc *cloudtest.Service, sign func())
	words   string
	span    time.Duration
	// groupOnly is for a Terraform that leaves the provider alone: only a signal that reaches the provider too ends it.
	groupOnly bool
}

// waits plays orders that run, and gives the sign at the first look.
func waits(svc *cloudtest.Service, sign func()) {
	running := cloudtest.Running(0, 1)
	for number := range 30 {
		svc.Order(fmt.Sprintf("SCT%d", number+1)).Then(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sign()
			running.ServeHTTP(w, r)
		}))
	}
}

// largeOrder is an order that has failed, in an answer that takes long to decode.
var largeOrder = sync.OnceValue(func() []byte {
	member := `{` + strings.Repeat(`"member":[],`, 63) + `"last":0}`
	member = strings.ReplaceAll(member, "member", "m%d")
	names := make([]any, 63)
	for i := range names {
		names[i] = i
	}
	object := fmt.Sprintf(member, names...)
	var body bytes.Buffer
	body.WriteString(`{"data":{"status":"ABNORMAL","gmt_created":1693361736000,"gmt_finished":1693361737000,"more":[` + object)
	for body.Len() < 24<<20 {
		body.WriteString("," + object)
	}
	body.WriteString(`]}}`)
	return body.Bytes()
})

// answersLarge plays a failed order, and gives the sign when its large answer is sent.
func answersLarge(svc *cloudtest.Service, sign func()) {
	svc.Order("SCT1").Then(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(largeOrder()[:len(largeOrder())-1])
		sign()
		_, _ = w.Write([]byte("}"))
	}))
}

func stopRows() map[string]stopRow {
	// form is one or many waits of a form, before a resource.
	form := func(kind, operation, arguments string, count int) string {
		return fmt.Sprintf("%s \"coc_script_order\" \"gate\" {\n  count = %d\n  provider = hwgate\n  execute_uuid = \"SCT${count.index + 1}\"\n  %s\n"+
			"  timeouts {\n    %s = %q\n  }\n", kind, count, arguments, operation, hangs)
	}
	condition := "  lifecycle {\n    postcondition {\n      condition     = self.succeeded\n      error_message = self.summary\n    }\n  }\n}\n"
	data := func(arguments string, count int) string {
		return form("data", "read", arguments, count) + condition + next("  depends_on = [data.coc_script_order.gate]")
	}
	ephemeral := func(arguments string, count int) string {
		return form("ephemeral", "open", "require_success = true\n  "+arguments, count) + "}\n" + next("  depends_on = [ephemeral.coc_script_order.gate]")
	}
	action := "action \"coc_script_order\" \"gate\" {\n  provider = hwgate\n  config {\n    execute_uuid = \"SCT1\"\n    timeouts {\n      invoke = \"" + hangs +
		"\"\n    }\n  }\n}\n"
	trigger := func(count int) string {
		return action + next(fmt.Sprintf("  count = %d\n  lifecycle {\n    action_trigger {\n      events  = [before_create]\n"+
			"      actions = [action.coc_script_order.gate]\n    }\n  }", count))
	}
	always := func(*testing.T) {}
	plan, apply := []string{"plan", "-parallelism=30"}, []string{"apply", "-auto-approve", "-parallelism=30"}
	invoke := []string{"apply", "-auto-approve", "-invoke=action.coc_script_order.gate"}
	// An older CLI does not stop what it reads while an apply plans.
	old := cli.product == "OpenTofu" || before(cli.version, planInterruptSince)
	wait := "wait_for_completion = true"
	return map[string]stopRow{
		"an invoked action":                 {needsActions, invoke, action, waits, "Action started", 60 * time.Millisecond, false},
		"actions before thirty resources":   {needsActions, apply, trigger(30), waits, "Action started", 150 * time.Millisecond, false},
		"an action with a large answer":     {needsActions, apply, trigger(1), answersLarge, "", time.Second, false},
		"an invocation with a large answer": {needsActions, invoke, action, answersLarge, "", time.Second, false},
		"plan, a large answer":              {always, plan, data("", 1), answersLarge, "", time.Second, false},
		"apply, a large answer":             {always, apply, data("", 1), answersLarge, "", time.Second, old},
		"plan, a large answer, ephemeral":   {needsEphemeral, plan, ephemeral("", 1), answersLarge, "", time.Second, false},
		"plan, twenty reads":                {always, plan, data(wait, 20), waits, "Reading...", 100 * time.Millisecond, false},
		"apply, twenty reads":               {always, apply, data(wait, 20), waits, "Reading...", 100 * time.Millisecond, old},
		"plan, twenty opens":                {needsEphemeral, plan, ephemeral(wait, 20), waits, "Opening...", 100 * time.Millisecond, false},
		"apply, twenty opens":               {needsEphemeral, apply, ephemeral(wait, 20), waits, "Opening...", 100 * time.Millisecond, old},
	}
}

// TestStopAtRandomMoments stops commands at random moments in which something begins or is decoded, with SIGINT or SIGTERM, to Terraform
// alone or to its whole process group: each fails, says why, creates nothing, leaves no lock and no provider behind, and ends soon.
func TestStopAtRandomMoments(t *testing.T) {
	t.Parallel()
	for name, row := range stopRows() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row.needs(t)
			for range *stopTrials {
				row.try(t)
			}
		})
	}
}

func (row stopRow) try(t *testing.T) {
	t.Helper()
	c := startCommand(t, row)
	moment := rand.N(row.span)
	stop := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[rand.N(2)]
	group := row.groupOnly || rand.N(2) == 0
	select {
	case <-c.begun:
	case err := <-c.ended:
		t.Fatalf("it ended too early: %v\n%s", err, c.screen)
	}
	select {
	case <-time.After(moment):
	case err := <-c.ended: // A failed order may be faster.
		c.ended <- err
	}
	at := time.Now()
	c.signal(t, stop, group)
	what := fmt.Sprintf("%s after %s, to the group: %t", stop, moment, group)
	var code int
	select {
	case err := <-c.ended:
		code = exitCode(t, err)
	case <-time.After(stopBound):
		t.Errorf("%s: it hung\n%s", what, c.screen)
		c.signal(t, syscall.SIGKILL, true)
		<-c.ended
		return
	}
	took := time.Since(at).Round(time.Millisecond)
	out := c.screen.String()
	said := ""
	for _, reason := range []string{
		"was canceled before it ended", "canceled before it began", "execution halted", "malformed answer", "ABNORMAL",
	} {
		if wrapped(reason).MatchString(out) {
			said = reason
			break
		}
	}
	t.Logf("%s: ended after %s, %q", what, took, said)
	if code != 1 {
		t.Errorf("%s: exit code %d, want 1\n%s", what, code, out)
	}
	if strings.Contains(out, "Creation complete") || strings.Contains(out, "Apply complete") || c.created(t) > 0 {
		t.Errorf("%s: %d resources were created\n%s", what, c.created(t), out)
	}
	if said == "" {
		t.Errorf("%s: it does not say why\n%s", what, out)
	}
	if strings.Contains(out, "did not respond") {
		t.Errorf("%s: the provider died\n%s", what, out)
	}
	if exists(t, filepath.Join(c.states, ".terraform.tfstate.lock.info")) {
		t.Errorf("%s: the state is still locked", what)
	}
	c.mustLeaveNothing(t)
}

// command is one that runs in a process group of its own.
type command struct {
	process *exec.Cmd
	screen  *watchedScreen
	begun   chan struct{}
	ended   chan error
	states  string
	// input is the command's standard input, which every provider inherits: it has no reader when all of them have ended.
	input *os.File
}

func startCommand(t *testing.T, row stopRow) *command {
	t.Helper()
	cloud := newCloud(t)
	box := newSandbox(t)
	folder := writeConfiguration(t, box, fstest.MapFS{"main.tf": {Data: []byte(cloud.header("") + row.config)}})
	c := &command{begun: make(chan struct{}), ended: make(chan error, 1), states: t.TempDir()}
	sign := sync.OnceFunc(func() { close(c.begun) })
	c.screen = &watchedScreen{words: row.words, seen: sign}
	if row.words != "" {
		row.play(cloud.Service, func() {})
	} else {
		row.play(cloud.Service, sign)
	}
	arguments := slices.Concat(row.command, []string{"-no-color", "-input=false", "-state=" + filepath.Join(c.states, "terraform.tfstate")})
	c.process = box.Command(t.Context(), folder, nil, arguments...)
	c.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.process.Stdout, c.process.Stderr = c.screen, c.screen
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.process.Stdin, c.input = reader, writer
	t.Cleanup(func() { _ = writer.Close() })
	if err := c.process.Start(); err != nil {
		t.Fatal(err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	go func() { c.ended <- c.process.Wait() }()
	return c
}

func (c *command) signal(t *testing.T, stop syscall.Signal, group bool) {
	t.Helper()
	target := c.process.Process.Pid
	if group {
		target = -target
	}
	if err := syscall.Kill(target, stop); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Fatal(err)
	}
}

// created counts the resources in the state.
func (c *command) created(t *testing.T) (count int) {
	t.Helper()
	written, err := os.ReadFile(filepath.Join(c.states, "terraform.tfstate"))
	if errors.Is(err, os.ErrNotExist) || (err == nil && len(written) == 0) {
		return 0
	}
	var state struct {
		Resources []struct {
			Mode      string
			Instances []any
		}
	}
	if err := errors.Join(err, json.Unmarshal(written, &state)); err != nil {
		t.Fatal(err)
	}
	for _, resource := range state.Resources {
		if resource.Mode == "managed" {
			count += len(resource.Instances)
		}
	}
	return count
}

// mustLeaveNothing waits until the last process that inherited the input has ended.
func (c *command) mustLeaveNothing(t *testing.T) {
	t.Helper()
	if err := c.input.SetWriteDeadline(time.Now().Add(endBound)); err != nil {
		t.Fatal(err)
	}
	var err error
	for err == nil {
		_, err = c.input.Write(make([]byte, 1<<16)) // more than the pipe holds, so that it waits
	}
	if !errors.Is(err, syscall.EPIPE) {
		t.Errorf("a provider goes on without Terraform: %v", err)
	}
}

// watchedScreen is a screen that tells when it shows some words.
type watchedScreen struct {
	words string
	seen  func()

	mu      sync.Mutex
	printed bytes.Buffer
}

func (s *watchedScreen) Write(part []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.printed.Write(part)
	if s.words != "" && bytes.Contains(s.printed.Bytes(), []byte(s.words)) {
		s.seen()
	}
	return len(part), nil
}

func (s *watchedScreen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.printed.String()
}

// TestProviderEndsWithTerraform kills Terraform in the middle of a wait: the provider ends too.
func TestProviderEndsWithTerraform(t *testing.T) {
	t.Parallel()
	c := startCommand(t, stopRows()["plan, twenty reads"])
	<-c.begun
	c.signal(t, syscall.SIGKILL, false)
	<-c.ended
	c.mustLeaveNothing(t)
}
