package provider_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// Every form refuses a since that is neither a time nor a duration above zero before anything is asked, and names it.
func TestSinceArgument(t *testing.T) {
	t.Parallel()
	p := inMemory(t, orders(t))
	for value, want := range map[string][]string{
		"2026-11-28T20:00:00Z": nil,
		"9999-12-31T23:59:59Z": nil, // only a read knows what time it is
		"2h":                   nil,
		"0s":                   {"Invalid value of since", `"0s" given, wanted a time in RFC 3339`, "a duration back from now and above zero"},
		"-2h":                  {"Invalid value of since", `"-2h" given, wanted`},
		"yesterday":            {"Invalid value of since", `"yesterday" given, wanted`},
		"2h\n":                 {"Invalid value of since", `"2h\n" ends in a line break, wanted`},
		"":                     {"Invalid value of since", "it is empty"},
	} {
		for form := range formsOf("coc_script_order") {
			checkRefused(t, p.validateForm(t, form, "coc_script_order", with(theOrder, "since", str(value))), want)
		}
	}
}

// A read refuses a since that is further ahead than a clock may be off, and sends nothing. Any other is compared with the order's
// creation, at 03:47:32.
func TestSinceOfARead(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		now, since string
		outcome    string
		refused    []string
		sent       int
	}{
		"years ahead": {
			"2023-10-22T04:00:00Z", "2099-10-22T03:47:32Z", "",
			[]string{"Cannot read COC script order", `since = "2099-10-22T03:47:32Z" cannot be used: it is`, "Nothing was sent."}, 0,
		},
		"eleven minutes ahead": {
			"2023-10-22T04:00:00Z", "2023-10-22T04:11:00Z", "", []string{"cannot be used: it is 11m0s ahead of this machine's clock"}, 0,
		},
		"nine minutes ahead":      {"2023-10-22T04:00:00Z", "2023-10-22T04:09:00Z", "unknown", nil, 1},
		"before the creation":     {"2023-10-22T04:00:00Z", "2023-10-22T03:47:32Z", "succeeded", nil, 2},
		"after the creation":      {"2023-10-22T04:00:00Z", "2023-10-22T03:47:33Z", "unknown", nil, 1},
		"young enough":            {"2023-10-22T04:00:00Z", "13m", "succeeded", nil, 2},
		"too old":                 {"2023-10-22T04:00:00Z", "12m", "unknown", nil, 1},
		"too old, ten days after": {"2023-11-01T04:00:00Z", "24h", "unknown", nil, 1},
	} {
		for form := range formsOf("coc_script_order") {
			t.Run(name+"/"+form, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					now, err := time.Parse(time.RFC3339, test.now)
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Until(now))
					svc := orders(t, cloudtest.Finished(3))
					attributes, diagnostics := inMemory(t, svc).look(t.Context(), t, form, "coc_script_order", with(theOrder, "since", str(test.since)))
					switch {
					case test.refused != nil:
						checkRefused(t, diagnostics, test.refused)
					case form == "action" && test.outcome == "unknown":
						const want = ": unknown (FINISHED) after 5m11s, ended 2023-10-22T03:52:43Z; the order was created at 2023-10-22T03:47:32"
						if last := diagnostics[len(diagnostics)-1]; last.Severity != tfprotov6.DiagnosticSeverityError || !strings.Contains(last.Summary, want) {
							t.Errorf("no error %q: %s", want, shown(diagnostics))
						}
					case form != "action" && !attributes["outcome"].Equal(str(test.outcome)):
						t.Errorf("outcome %s, want %s", attributes["outcome"], test.outcome)
					}
					if test.outcome == "unknown" && form != "action" && (!attributes["completed"].Equal(tftypes.NewValue(tftypes.Bool, true)) ||
						!attributes["counts"].IsNull() || !attributes["failed_hosts"].IsNull()) {
						t.Errorf("completed %s, counts %s, failed_hosts %s", attributes["completed"], attributes["counts"], attributes["failed_hosts"])
					}
					if sent := len(svc.Log()); sent != test.sent {
						t.Errorf("%d requests, want %d", sent, test.sent)
					}
				})
			})
		}
	}
}

// dated adds the time of the service to answers, by a clock that is ahead of this machine's.
type dated struct {
	http.RoundTripper

	ahead time.Duration
}

func (d dated) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := d.RoundTripper.RoundTrip(request)
	if err == nil {
		answer.Header.Set("Date", time.Now().Add(d.ahead).UTC().Format(http.TimeFormat))
	}
	return answer, err
}

// A clock of this machine that is behind the service's does not make an old order young enough, and one that is ahead makes none younger.
func TestSinceWithAClockThatIsOff(t *testing.T) {
	t.Parallel()
	for ahead, outcome := range map[time.Duration]string{10 * time.Minute: "unknown", 0: "succeeded", -10 * time.Minute: "succeeded"} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(time.Date(2023, 10, 22, 4, 0, 0, 0, time.UTC)))
			p := start(t, provider.Options{WrapTransport: func(http.RoundTripper) http.RoundTripper {
				return dated{orders(t, cloudtest.Finished(3)), ahead}
			}}, keyed(map[string]tftypes.Value{"region": str("cn-north-4"), "endpoints": endpointsOf("https://service.test")}))
			attributes, _ := p.read(t.Context(), t, "coc_script_order", with(theOrder, "since", str("13m")))
			if !attributes["outcome"].Equal(str(outcome)) {
				t.Errorf("the service is %s ahead: outcome %s, want %s", ahead, attributes["outcome"], outcome)
			}
		})
	}
}
