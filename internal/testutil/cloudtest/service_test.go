package cloudtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

const orderAt = "https://coc.test/v1/job/script/orders/SCT1"

func request(ctx context.Context, t *testing.T, method, url string, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// ask sends a request in the process, and returns status and body.
func ask(t *testing.T, svc *cloudtest.Service, url string, headers ...string) (int, string) {
	t.Helper()
	method, rest, found := strings.Cut(url, " ")
	if !found {
		method, rest = http.MethodGet, url
	}
	answer, err := svc.RoundTrip(request(t.Context(), t, method, rest, headers...))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// at returns the value at a path in an answer.
func at(t *testing.T, body string, path ...any) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, step := range path {
		switch step := step.(type) {
		case string:
			value = value.(map[string]any)[step]
		case int:
			value = value.([]any)[step]
		}
	}
	return value
}

func check(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// TestSequence shows a scene for each look at an order, the last one repeatedly; statistics are those of the last look.
func TestSequence(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	order := svc.Order("SCT1").Then(cloudtest.Running(3, 10)).Then(cloudtest.Finished(10))
	// Without a look, statistics are those of the first scene.
	for i, want := range []struct {
		url, status string
		finished    int
	}{
		{orderAt + "/statistics", "", 3},
		{orderAt, "PROCESSING", 0},
		{orderAt + "/statistics", "", 3},
		{orderAt, "FINISHED", 0},
		{orderAt, "FINISHED", 0},
		{orderAt + "/statistics", "", 10},
	} {
		_, body := ask(t, svc, want.url)
		if want.status != "" {
			check(t, fmt.Sprint("status ", i), at(t, body, "data", "status"), want.status)
			continue
		}
		rows := at(t, body, "data", "execute_statistics").([]any)
		check(t, fmt.Sprint("finished ", i), rows[len(rows)-1].(map[string]any)["instance_count"], want.finished)
	}
	check(t, "looks", order.Looks(), 3)
	order.Now(cloudtest.NotFound, cloudtest.Ready(1))
	status, body := ask(t, svc, orderAt)
	check(t, "status", status, 400)
	check(t, "code", at(t, body, "error_code"), "COC.00040709")
	_, body = ask(t, svc, orderAt)
	check(t, "status", at(t, body, "data", "status"), "READY")
}

// TestPatterns shows which requests a pattern matches, and that it takes precedence over the sequence of an order.
func TestPatterns(t *testing.T) {
	t.Parallel()
	for url, pattern := range map[string]string{
		orderAt:                        "/v1/job/script/orders/SCT1",
		orderAt + "?":                  "coc.test/v1/job/script/orders/SCT1",
		orderAt + "?a=1":               "/v1/job/script/orders/SCT1?a=1",
		orderAt + "?a=2":               "/v1/job/script/orders/SCT1?*",
		"PUT " + orderAt:               "PUT coc.test/v1/job/script/orders/SCT1",
		strings.ToLower(orderAt):       "GET " + strings.ToLower(orderAt),
		"https://coc.test/a%2Fb/c?d=e": "/a%2Fb/c?d=e",
	} {
		svc := cloudtest.New(cloudtest.Report(t.Errorf))
		svc.Order("SCT1").Then(cloudtest.Ready(1))
		svc.At(pattern).Then(cloudtest.Says(299, ""))
		status, _ := ask(t, svc, strings.TrimSuffix(url, "?"))
		check(t, "status for "+url, status, 299)
		check(t, "log of "+pattern, len(svc.Log().To(pattern)), 1)
	}
	for url, pattern := range map[string]string{
		"https://coc.test/a?b=c":  "/a",
		"https://coc.test/a":      "/a?b=c",
		"POST https://coc.test/a": "/a",
		"https://roma.test/a":     "coc.test/a",
		"http://coc.test/a":       "GET https://coc.test/a",
	} {
		told := 0
		svc := cloudtest.New(cloudtest.Report(func(string, ...any) { told++ }))
		svc.At(pattern).Then(cloudtest.Says(299, ""))
		status, _ := ask(t, svc, url)
		check(t, "told and status for "+url, fmt.Sprint(told, status), "1 501")
		check(t, "log of "+pattern, len(svc.Log().To(pattern)), 0)
	}
}

// TestUnknown reports a request that nothing is scripted for.
func TestUnknown(t *testing.T) {
	t.Parallel()
	told := 0
	svc := cloudtest.New(cloudtest.Report(func(string, ...any) { told++ }))
	svc.Order("SCT1").Then(cloudtest.Ready(1))
	svc.Order("SCT3")
	for _, url := range []string{
		"https://coc.test/v1/job/script/orders/SCT2", "https://coc.test/v1/job/script/orders/SCT3", "PUT " + orderAt,
		"POST https://iam.test/v3/auth/tokens", "https://iam.test/v3/projects", "https://x.test/", "https://x.test/v2/p/other",
	} {
		status, _ := ask(t, svc, url)
		check(t, "status of "+url, status, 501)
	}
	check(t, "told", told, 7)
}

// TestNoContent answers HTTP 204 without a body.
func TestNoContent(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	svc.At("/a").Then(cloudtest.Says(http.StatusNoContent, "body"))
	status, body := ask(t, svc, "https://coc.test/a")
	check(t, "status and body", fmt.Sprint(status, body), "204")
}

// TestFaults answers each path with faults in order, then from its sequence, and IAM without faults.
func TestFaults(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	order := svc.Order("SCT1").Then(cloudtest.Ready(1))
	svc.IAM().Then(&cloudtest.Account{})
	svc.Faults(cloudtest.Says(503, ""), nil, http.HandlerFunc(svc.Answer), cloudtest.Says(504, ""))
	for _, path := range []string{"", "/statistics"} {
		for i, want := range []int{503, 200, 200, 504, 504} {
			status, _ := ask(t, svc, orderAt+path)
			check(t, fmt.Sprint("status ", path, i), status, want)
		}
	}
	check(t, "looks", order.Looks(), 2)
	status, _ := ask(t, svc, "POST https://iam.test/v3/auth/tokens")
	check(t, "status of a sign-in", status, 201)
}

// TestLog counts by path and by phase.
func TestLog(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	svc.Order("SCT1").Then(cloudtest.Ready(1))
	ask(t, svc, orderAt, "X-Language", "en-us")
	svc.Phase("apply")
	ask(t, svc, orderAt)
	ask(t, svc, orderAt+"/statistics")
	const path = "/v1/job/script/orders/SCT1"
	if got, want := svc.Log().In("apply").Paths(), map[string]int{path: 1, path + "/statistics": 1}; !maps.Equal(got, want) {
		t.Errorf("in the second phase %v, want %v", got, want)
	}
	check(t, "all", len(svc.Log().To(path)), 2)
	check(t, "header", svc.Log()[0].Header.Get("X-Language"), "en-us")
}

// TestSigned refuses unsigned requests, except with a token or to IAM.
func TestSigned(t *testing.T) {
	t.Parallel()
	var told []string
	svc := cloudtest.New(cloudtest.Signed(map[string]string{"AK": "SK"}), cloudtest.Report(func(format string, arguments ...any) {
		told = append(told, fmt.Sprintf(format, arguments...))
	}))
	svc.Order("SCT1").Then(cloudtest.Ready(1))
	svc.IAM().Then(&cloudtest.Account{})
	status, _ := ask(t, svc, orderAt)
	check(t, "status", status, 401)
	status, _ = ask(t, svc, orderAt, "X-Auth-Token", "t")
	check(t, "status with a token", status, 200)
	status, _ = ask(t, svc, "POST https://iam.test/v3/auth/tokens")
	check(t, "status of a sign-in", status, 201)
	status, _ = ask(t, svc, "https://iam.test/v3/projects")
	check(t, "status of the projects", status, 401)
	status, _ = ask(t, svc, "POST https://iam.test/v3/auth/tokens", "Authorization", "SDK-HMAC-SHA256 x")
	check(t, "status of a sign-in with a wrong signature", status, 401)
	if len(told) != 3 || !strings.Contains(told[0], "authorization header: missing") {
		t.Errorf("told %q", told)
	}
}

// TestRecorded replays a recording: in the process for the recorded host only, on loopback for any host.
func TestRecorded(t *testing.T) {
	t.Parallel()
	told := 0
	svc := cloudtest.New(cloudtest.Report(func(string, ...any) { told++ }))
	if err := svc.Recorded("documented/coc_script_order"); err != nil {
		t.Fatal(err)
	}
	if err := svc.Recorded("no/such"); err == nil {
		t.Error("a recording that does not exist was played")
	}
	const path = "/v1/job/script/orders/SCT2023102211473xxxxxxxxxx"
	for range 2 {
		_, body := ask(t, svc, "https://coc.myhuaweicloud.com"+path)
		check(t, "status", at(t, body, "data", "status"), "CANCELED")
	}
	for _, url := range []string{"https://coc-intl.myhuaweicloud.com" + path, "https://coc.myhuaweicloud.com" + path + "?x=1"} {
		status, _ := ask(t, svc, url)
		check(t, "status of another", status, 501)
	}
	check(t, "told", told, 2)
	answer, err := http.DefaultClient.Do(request(t.Context(), t, http.MethodGet, start(t, svc)+path))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	check(t, "status on loopback", answer.StatusCode, 200)
}

func start(t *testing.T, svc *cloudtest.Service) string {
	t.Helper()
	t.Cleanup(svc.Close)
	return svc.Start()
}

// TestLoopback serves many clients at once over one connection each at most.
func TestLoopback(t *testing.T) {
	t.Parallel()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	order := svc.Order("SCT1").Then(cloudtest.Ready(1))
	address := start(t, svc)
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			answer, err := http.DefaultClient.Do(request(t.Context(), t, http.MethodGet, address+"/v1/job/script/orders/SCT1"))
			if err != nil {
				t.Error(err)
				return
			}
			answer.Body.Close()
		})
	}
	clients.Wait()
	check(t, "looks", order.Looks(), 8)
	check(t, "requests", len(svc.Log()), 8)
	if n := svc.Connections(); n < 1 || n > 8 {
		t.Errorf("%d connections", n)
	}
}

// TestFakeClock answers late, never and in part, in the process and on a fake clock.
func TestFakeClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := cloudtest.New(cloudtest.Report(t.Errorf))
		svc.Order("SCT1").Then(
			cloudtest.Answer{Body: "late", Delay: time.Hour}, cloudtest.Answer{Delay: time.Hour}, cloudtest.Silence, cloudtest.HangUp,
			http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "half")
				panic(http.ErrAbortHandler)
			}))
		begin := time.Now()
		_, body := ask(t, svc, orderAt)
		check(t, "body", body, "late")
		check(t, "time", time.Since(begin), time.Hour)
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			begin := time.Now()
			if _, err := svc.RoundTrip(request(ctx, t, http.MethodGet, orderAt)); !errors.Is(err, context.DeadlineExceeded) { //nolint:bodyclose // there is none
				t.Errorf("the error is %v", err)
			}
			check(t, "time", time.Since(begin), time.Minute)
			cancel()
		}
		if _, err := svc.RoundTrip(request(t.Context(), t, http.MethodGet, orderAt)); !errors.Is(err, io.EOF) { //nolint:bodyclose // there is none
			t.Errorf("the error is %v", err)
		}
		answer, err := svc.RoundTrip(request(t.Context(), t, http.MethodGet, orderAt))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if half, err := io.ReadAll(answer.Body); string(half) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("read %q, %v", half, err)
		}
	})
}
