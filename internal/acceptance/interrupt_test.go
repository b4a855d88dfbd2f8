package acceptance_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// planInterruptSince is the first version of Terraform whose apply ends what it reads while it plans. OpenTofu's does not.
var planInterruptSince = [2]int{1, 16}

// TestInterruptedPlanning presses Ctrl-C while a wait is read in the planning of a command. A plan ends at once and says why. So does an
// apply, except that of an older CLI: that one goes on reading, and ends at a second Ctrl-C, or as soon as the read has ended. In no case
// is anything created. The state is unlocked, but for a second Ctrl-C: then it depends on which part of the CLI ends first.
func TestInterruptedPlanning(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"data", "ephemeral"} {
		for name, test := range map[string]struct {
			command []string
			// last is what ends an apply that has not ended at the first Ctrl-C, and words are what the CLI says then.
			last  func(p *plannedWait)
			words []string
			// mayLock is whether the state may still be locked then.
			mayLock bool
		}{
			"plan": {command: []string{"plan"}},
			"apply, and Ctrl-C again": {
				[]string{"apply", "-auto-approve"}, (*plannedWait).interrupt, []string{"Two interrupts received", "operation canceled"}, true,
			},
			"apply, and success": {
				[]string{"apply", "-auto-approve"}, func(p *plannedWait) { p.order.Now(cloudtest.Finished(1)) }, []string{"execution halted"}, false,
			},
		} {
			t.Run(form+"/"+name, func(t *testing.T) {
				t.Parallel()
				if form == "ephemeral" {
					needsEphemeral(t)
				}
				p := startPlanning(t, form, test.command)
				p.mustLook()
				if !exists(t, p.lock) {
					t.Error("the state is not locked")
				}
				p.interrupt()
				words, mayLock := []string{"The read was canceled before it ended."}, false
				if test.last != nil && (cli.product == "OpenTofu" || before(cli.version, planInterruptSince)) {
					p.await(p.screen.interrupted)
					// Now drops the looks that had begun before. The second one starts after a pause, in which a stop would have come.
					p.order.Now(p.scene())
					p.mustLook()
					p.mustLook()
					test.last(p)
					words, mayLock = test.words, test.mayLock
				}
				if code := exitCode(t, <-p.ended); code != 1 {
					t.Errorf("exit code %d, want 1", code)
				}
				out := p.screen.String()
				for _, words := range words {
					if !wrapped(words).MatchString(out) {
						t.Errorf("wanted %q in\n%s", words, out)
					}
				}
				// OpenTofu may write a state with nothing in it.
				state, err := os.ReadFile(p.state)
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
				if strings.Contains(out, "Creating...") || bytes.Contains(state, []byte("terraform_data")) {
					t.Errorf("something was created:\n%s\n%s", out, state)
				}
				if !mayLock && exists(t, p.lock) {
					t.Error("the state is still locked")
				}
			})
		}
	}
}

func exists(t *testing.T, file string) bool {
	t.Helper()
	_, err := os.Stat(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

// plannedWait is a command that plans a resource behind a wait for an order that runs.
type plannedWait struct {
	t           *testing.T
	order       *cloudtest.Sequence
	looks       chan struct{}
	process     *exec.Cmd
	screen      *screen
	ended       chan error
	state, lock string
}

func startPlanning(t *testing.T, form string, command []string) *plannedWait {
	t.Helper()
	cloud := newCloud(t)
	box := newSandbox(t)
	address := map[string]string{"data": "data.coc_script_order.o", "ephemeral": "ephemeral.coc_script_order.o"}[form]
	folder := writeConfiguration(t, box, fstest.MapFS{"main.tf": {Data: []byte(cloud.header("") + form + ` "coc_script_order" "o" {
  provider            = hwgate
  execute_uuid        = "` + exampleID + `"
  wait_for_completion = true
  timeouts {
    ` + map[string]string{"data": "read", "ephemeral": "open"}[form] + ` = "5m"
  }
}

resource "terraform_data" "next" {
  depends_on = [` + address + `]
}
`)}})
	p := &plannedWait{t: t, ended: make(chan error, 1), screen: &screen{interrupted: make(chan struct{})}}
	p.order = cloud.Order(exampleID).Then(p.scene())
	states := t.TempDir()
	p.state = filepath.Join(states, "terraform.tfstate")
	p.lock = filepath.Join(states, ".terraform.tfstate.lock.info")
	p.process = box.Command(t.Context(), folder, nil, append(command, "-no-color", "-input=false", "-state="+p.state)...)
	p.process.Stdout, p.process.Stderr = p.screen, p.screen
	if err := p.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.process.Wait() }()
	return p
}

// scene is an order that runs. Its looks are the ones that mustLook waits for.
func (p *plannedWait) scene() http.Handler {
	looks := make(chan struct{}, 1)
	p.looks = looks
	running := cloudtest.Running(0, 1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case looks <- struct{}{}:
		default:
		}
		running.ServeHTTP(w, r)
	})
}

// await waits for something that comes before the command ends.
func (p *plannedWait) await(signal <-chan struct{}) {
	p.t.Helper()
	select {
	case <-signal:
	case err := <-p.ended:
		p.t.Fatalf("it ended too early: %v\n%s", err, p.screen)
	}
}

func (p *plannedWait) mustLook() {
	p.t.Helper()
	p.await(p.looks)
}

func (p *plannedWait) interrupt() {
	p.t.Helper()
	if err := p.process.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
}

// screen is what a command prints. It tells when the command has noticed an interrupt.
type screen struct {
	interrupted chan struct{}

	mu      sync.Mutex
	printed bytes.Buffer
	once    sync.Once
}

func (s *screen) Write(part []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.printed.Write(part)
	if bytes.Contains(s.printed.Bytes(), []byte("Interrupt received")) {
		s.once.Do(func() { close(s.interrupted) })
	}
	return len(part), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.printed.String()
}

// TestCancel interrupts the real Terraform in the middle of a wait. The test framework cannot: its providers are in the test's process.
func TestCancel(t *testing.T) {
	t.Parallel()
	interrupted, interrupt := context.WithCancel(t.Context())
	cloud := newCloud(t)
	running := cloudtest.Running(0, 1)
	order := cloud.Order("SCT2023083109562601af694bf").Then(running, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		interrupt()
		running.ServeHTTP(w, r)
	}))
	box := newSandbox(t)
	config := cloud.header("") + exampleData("wait_for_completion = true")
	folder := writeConfiguration(t, box, fstest.MapFS{"main.tf": {Data: []byte(config)}})
	out, err := box.Run(interrupted, folder, nil, "plan", "-no-color")
	if err == nil {
		t.Fatalf("the plan went through:\n%s", out)
	}
	if said := strings.Join(strings.Fields(string(out)), " "); !strings.Contains(said, "canceled") {
		t.Errorf("nothing says that it was canceled:\n%s", out)
	}
	// Two looks, and at most one that had begun when the signal came.
	if n := order.Looks(); n > 3 {
		t.Errorf("%d looks", n)
	}
}

// TestActionInterrupted interrupts the real CLI while an action is in a request that nobody answers: it ends at once, with an error.
func TestActionInterrupted(t *testing.T) {
	t.Parallel()
	needsActions(t)
	interrupted, interrupt := context.WithCancel(t.Context())
	cloud := newCloud(t)
	running := cloudtest.Running(0, 1)
	var asked time.Time
	order := cloud.Order(exampleID).Then(running, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = time.Now()
		interrupt()
		cloudtest.Silence.ServeHTTP(w, r)
	}))
	box := newSandbox(t)
	folder := writeConfiguration(t, box, fstest.MapFS{"main.tf": {Data: []byte(cloud.header("") + fmt.Sprintf(
		"action \"coc_script_order\" \"x\" {\n  provider = hwgate\n  config {\n    execute_uuid = %q\n  }\n}\n", exampleID))}})
	out, err := box.Run(interrupted, folder, nil, "apply", "-no-color", "-auto-approve", "-invoke=action.coc_script_order.x")
	took := time.Since(asked)
	if code := exitCode(t, err); code != 1 || !wrapped("was canceled before it ended").Match(out) {
		t.Errorf("exit code %d\n%s", code, out)
	}
	// The CLI takes its own time to end.
	if order.Looks() != 2 || took > 20*time.Second {
		t.Errorf("%d looks, and it ended after %s\n%s", order.Looks(), took, out)
	}
}
