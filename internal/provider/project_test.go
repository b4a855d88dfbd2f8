package provider_test

import (
	"strings"
	"testing"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

// TestProjectLookUp makes sure that a project is looked up when a path needs one, and only then.
func TestProjectLookUp(t *testing.T) {
	t.Parallel()
	overview := "/factory/monitor/task-statistics-overview"
	projects := `{"projects":[{"id":"` + projectID + `","name":"cn-north-4"}]}`
	tests := map[string]struct {
		name, arguments string
		environment     map[string]string
		bodies          map[string]string
		asked           string
	}{
		"needed": {
			name:   "dataarts_instance_status",
			bodies: map[string]string{"/v3/projects?name=cn-north-4": projects, "/v2/" + projectID + overview: `{"success_count": 1}`},
			asked:  "/v3/projects?name=cn-north-4",
		},
		"by name": {
			name: "dataarts_instance_status", environment: map[string]string{"HW_PROJECT_NAME": "cn-north-4_team"},
			bodies: map[string]string{
				"/v3/projects?name=cn-north-4_team": `{"projects":[{"id":"p7","name":"cn-north-4_team"}]}`,
				"/v2/p7" + overview:                 `{"success_count": 1}`,
			},
			asked: "/v3/projects?name=cn-north-4_team",
		},
		"of another region": {
			name: "dataarts_instance_status", arguments: `region = "cn-east-3"`, environment: map[string]string{"HW_PROJECT_ID": "own"},
			bodies: map[string]string{
				"/v3/projects?name=cn-east-3": `{"projects":[{"id":"east","name":"cn-east-3"}]}`,
				"/v2/east" + overview:         `{"success_count": 1}`,
			},
			asked: "/v3/projects?name=cn-east-3",
		},
		"given": {
			name: "dataarts_instance_status", environment: map[string]string{"HW_PROJECT_ID": "own"},
			bodies: map[string]string{"/v2/own" + overview: `{"success_count": 1}`},
		},
		"only COC": {
			name: "coc_script_order_statistics", arguments: `execute_uuid = "` + orderID + `"`,
			bodies: map[string]string{orderPath + "/statistics": `{"data":{"total_instance":0,"execute_statistics":[]}}`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svc := newService(t)
			always(svc, test.bodies)
			acceptWith(t, provider.Options{WrapTransport: svc.Transport, Getenv: environment(test.environment)}, applies(test.name, test.arguments, nil))
			asked := ""
			for _, request := range svc.Log() {
				if strings.HasPrefix(request.URL.Path, "/v3/") {
					asked = request.URL.RequestURI()
				}
			}
			if asked != test.asked {
				t.Errorf("asked for %q, want %q", asked, test.asked)
			}
		})
	}
}
