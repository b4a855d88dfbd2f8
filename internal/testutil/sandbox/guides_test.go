package sandbox_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// gated is a gate on an order, what comes after it, and a copy of the hosts.
const gated = `
variable "order_id" {
  type = string
}

data "coc_script_order" "migrate" {
  provider            = hwgate
  execute_uuid        = var.order_id
  wait_for_completion = true

  lifecycle {
    postcondition {
      condition     = self.succeeded || var.order_id == "SCT-failed" && var.tolerant
      error_message = self.summary
    }
  }
}

variable "tolerant" {
  type    = bool
  default = false
}

resource "terraform_data" "next_layer" {
  depends_on = [data.coc_script_order.migrate]
}

output "hosts" {
  value     = data.coc_script_order.migrate.failed_instances
  sensitive = true
}
`

// TestCommandsOfGuides runs commands that the guides name in passing, against what `make mock` serves: what they say of each is true.
func TestCommandsOfGuides(t *testing.T) {
	t.Parallel()
	h := install(t).with(keys...).with("HW_REGION_NAME=cn-north-4", "TF_CLI_ARGS=-no-color", "TF_IN_AUTOMATION=1")
	first := initialized(t, h)
	for name, test := range map[string]struct {
		script string
		exit   int
		says   []string
	}{
		"credential and changes of status in the log": {
			"export TF_LOG=INFO\nterraform plan -var order_id=SCT-running", 0,
			[]string{"credential chosen: ", `origin="the environment"`, "status=PROCESSING", "status=FINISHED"},
		},
		"saved plan": {
			"terraform plan -out=tfplan -var order_id=SCT-succeeded\nterraform apply tfplan", 0, []string{"next_layer: Creation complete"},
		},
		"plan for a notification": {
			"terraform plan -json -var order_id=SCT-failed > plan.json || { cat plan.json; exit 7; }", 7,
			[]string{`"@level":"error"`, "SCT-failed: failed"},
		},
		"secrets in JSON": {
			`terraform apply -auto-approve -var order_id=SCT-failed -var tolerant=true > screen
terraform show >> screen
if grep mock-log screen; then exit 7; fi
terraform output -json > output
terraform show -json > state
grep -q mock-log output && grep -q mock-log state`, 0, nil,
		},
		"destroy behind a read error": {
			`terraform apply -auto-approve -var order_id=SCT-succeeded
if terraform destroy -auto-approve -var order_id=SCT2023083109562601af694be; then exit 7; fi
unset HW_ACCESS_KEY HW_SECRET_KEY
terraform destroy -refresh=false -auto-approve -var order_id=SCT2023083109562601af694be`, 0, []string{"COC.00040709", "Destroy complete! Resources: 1 destroyed."},
		},
		"test report": {
			`printf 'run "gate" {\n  command = plan\n}\n' > gate.tftest.hcl
terraform test -junit-xml=report.xml -var order_id=SCT-failed || { cat report.xml; exit 7; }`, 7, []string{"<testsuites>", "failed hosts: ecs-4"},
		},
		"test without a file": {
			"terraform test -filter=missing.tftest.hcl -var order_id=SCT-failed", 0, []string{"Success! 0 passed, 0 failed."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := workspace(t, requirements+endpoints(mock(t))+gated)
			first.share(t, folder)
			exit, out := h.script(t, folder, test.script)
			if unsupported.MatchString(out) {
				return // This CLI has no such form.
			}
			if exit != test.exit {
				t.Errorf("exit code %d, want %d\n%s\n%s", exit, test.exit, test.script, out)
			}
			for _, says := range test.says {
				if !strings.Contains(words(out), says) {
					t.Errorf("wanted %q of\n%s\n%s", says, test.script, out)
				}
			}
		})
	}
}

// lockedState is a backend that keeps a state and its lock. It reports the first read of the state under a lock.
type lockedState struct {
	read chan struct{}
	once sync.Once

	mu          sync.Mutex
	state, lock []byte
}

func (s *lockedState) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.Method {
	case "LOCK":
		if s.lock != nil {
			w.WriteHeader(http.StatusLocked)
			_, _ = w.Write(s.lock)
			return
		}
		s.lock = body
	case "UNLOCK":
		s.lock = nil
	case http.MethodPost:
		s.state = body
	case http.MethodGet:
		if s.lock != nil {
			s.once.Do(func() { close(s.read) })
		}
		if s.state == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		_, _ = io.Copy(w, bytes.NewReader(s.state))
	}
}

// TestForceUnlock kills Terraform while it holds the lock of the state: the next run prints an ID, and with that the lock can be released, as
// the page of troubleshooting says.
func TestForceUnlock(t *testing.T) {
	t.Parallel()
	backend := &lockedState{read: make(chan struct{})}
	server := httptest.NewServer(backend)
	t.Cleanup(server.Close)
	configuration := fmt.Sprintf("terraform {\n  backend \"http\" {\n    address = %[1]q\n    lock_address = %[1]q\n    unlock_address = %[1]q\n  }\n}\n", server.URL)
	h := install(t).with(keys...).with("HW_REGION_NAME=cn-north-4", "TF_CLI_ARGS=-no-color")
	folder := workspace(t, configuration+requirements+endpoints(mock(t))+gated)
	if exit, out := h.script(t, folder, "terraform init"); exit != 0 {
		t.Fatalf("exit code %d\n%s", exit, out)
	}
	killed := exec.CommandContext(t.Context(), cli(t), "plan", "-var", "order_id=SCT-running")
	killed.Dir, killed.Env = folder, h.environment
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- killed.Wait() }()
	select {
	case <-backend.read:
	case err := <-ended:
		t.Fatalf("it ended before it read the state: %v", err)
	}
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-ended
	const plan = "terraform plan -var order_id=SCT-succeeded"
	exit, out := h.script(t, folder, plan)
	id := regexp.MustCompile(`ID: +([0-9a-f-]+)`).FindStringSubmatch(out)
	if exit != 1 || id == nil {
		t.Fatalf("exit code %d, want 1 and the ID of the lock\n%s", exit, out)
	}
	if exit, out := h.script(t, folder, "echo yes | terraform force-unlock "+id[1]+"\n"+plan); exit != 0 {
		t.Errorf("exit code %d\n%s", exit, out)
	}
}
