package provider_test

import (
	"context"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// TestCancelAnywhere cancels a read wherever it may hang. It ends at once and leaves nothing behind, or the bubble would not end.
func TestCancelAnywhere(t *testing.T) {
	t.Parallel()
	third := keyed(map[string]tftypes.Value{"assume_role": role("domain_name")})
	fifth := keyed(map[string]tftypes.Value{"assume_role": role("domain_id")})
	tests := map[string]struct {
		faultRow
		signIn faults
	}{
		"in a request":            {faultRow: faultRow{faults: faults{silence}}},
		"in a body":               {faultRow: faultRow{faults: faults{drips(1 << 20)}}},
		"while connecting":        {faultRow: faultRow{dials: dials{errHangs}}},
		"in a TLS handshake":      {faultRow: faultRow{secure: true, hold: true}},
		"in a pause":              {faultRow: faultRow{faults: faults{says(429, ``, "Retry-After", "100")}}},
		"between looks at orders": {faultRow: faultRow{faults: faults{unfinished()["coc_script_order"]}, only: "coc_script_order"}},
		"between looks at jobs":   {faultRow: faultRow{faults: faults{unfinished()["dataarts_instance_status"]}, only: "dataarts_instance_status"}},
		"in a sign-in":            {faultRow: faultRow{settings: passwordSettings}, signIn: faults{silence}},
		"in a sign-in's pause":    {faultRow: faultRow{settings: passwordSettings}, signIn: faults{says(429, ``, "Retry-After", "100")}},
		"in an agency's sign-in":  {faultRow: faultRow{settings: third}, signIn: faults{silence}},
		"in an agency's, STS":     {faultRow: faultRow{settings: fifth}, signIn: faults{silence}},
		"in a CI sign-in":         {faultRow: faultRow{settings: map[string]tftypes.Value{"assume_role_with_oidc": oidcRole()}}, signIn: faults{silence}},
		"in the machine's metadata": {
			faultRow: faultRow{settings: map[string]tftypes.Value{}}, signIn: faults{silence},
		},
		"in a look-up of DataArts' project": {
			faultRow: faultRow{only: "dataarts_instance_status", arguments: noProject}, signIn: faults{silence},
		},
		"in a look-up of ROMA's project": {
			faultRow: faultRow{only: "roma_fdi_task_statistics", arguments: noProject}, signIn: faults{silence},
		},
	}
	for name, test := range tests {
		for source := range badAnswers() {
			if test.only != "" && test.only != source {
				continue
			}
			t.Run(name+"/"+source, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					network := newNetwork(t, deployment(t, test.faults, test.signIn...))
					network.dials, network.hold = test.dials, test.hold
					address := "http://service.test"
					if test.secure {
						address = "https://service.test"
					}
					p := network.start(t, address, test.settings)
					arguments := maps.Clone(badAnswers()[source].arguments)
					maps.Copy(arguments, test.arguments)
					if unfinished()[source] != nil {
						arguments["wait_for_completion"], arguments["poll_interval"] = forCompletion, str("5m")
					}
					// Where the two share something, the second read waits for the first one, and is canceled while it does.
					var reads sync.WaitGroup
					for _, patience := range []time.Duration{1750 * time.Millisecond, 1500 * time.Millisecond} {
						ctx, cancel := context.WithCancel(t.Context())
						begin := time.Now()
						time.AfterFunc(patience, cancel)
						reads.Go(func() {
							attributes, diagnostics := p.read(ctx, t, source, arguments)
							checkNotGreen(t, attributes)
							checkError(t, diagnostics, []string{"The read was canceled before it ended. Run it again."})
							if took := time.Since(begin); took != patience {
								t.Errorf("it ended after %s, want at once after %s", took, patience)
							}
						})
						synctest.Wait()
					}
					reads.Wait()
				})
			})
		}
	}
}

var noProject = map[string]tftypes.Value{"project_id": tftypes.NewValue(tftypes.String, nil)}
