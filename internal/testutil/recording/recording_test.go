package recording

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// answering is a transport with one answer to every request.
type answering func() *http.Response

func (a answering) RoundTrip(*http.Request) (*http.Response, error) { return a(), nil }

func get(t *testing.T, url string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

// TestRecordScrubs plants a secret wherever an exchange can hold one, and looks for it in the file.
func TestRecordScrubs(t *testing.T) {
	t.Parallel()
	const planted = "PLANTED"
	body := `{"data":{"creator":"PLANTED","status":"FINISHED","execute_instances":[{"id":9007199254740993,"message":"PLANTED"}],` +
		`"params":[{"param_name":"p","param_value":"PLANTED"}]},"error_msg":"PLANTED","errorMsg":"PLANTED",` +
		`"instances":[{"errorMessage":"PLANTED"}],"entities":[{"remarks":"PLANTED"}],"encoded_authorization_message":"PLANTED"}`
	for name, test := range map[string]struct {
		body string
		kept []string
	}{
		"JSON": {body, []string{`"status": "FINISHED"`, `"id": 9007199254740993`, `"param_name": "p"`, "X-Request-Id", "req-1"}},
		"HTML": {"<html>PLANTED</html>", []string{"scrubbed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "tape")
			transport, stop, err := Record(filepath.Dir(file), filepath.Base(file), answering(func() *http.Response {
				answer := httptest.NewRecorder()
				answer.Header().Set("Set-Cookie", planted)
				answer.Header().Set("X-Subject-Token", planted)
				answer.Header().Set("X-Request-Id", "req-1")
				_, _ = answer.WriteString(test.body)
				return answer.Result()
			}))
			if err != nil {
				t.Fatal(err)
			}
			request := get(t, "https://coc.example.com/v1/job/script/orders/SCT1")
			for _, header := range []string{"Authorization", "X-Auth-Token", "X-Security-Token", "X-Sdk-Date", "X-User-Profile"} {
				request.Header.Set(header, planted)
			}
			answer, err := transport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			// The caller gets the answer unchanged.
			if got, _ := io.ReadAll(answer.Body); string(got) != test.body {
				t.Errorf("the answer was changed to %s", got)
			}
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			tape, err := os.ReadFile(file + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(tape), planted) {
				t.Errorf("the recording holds a secret:\n%s", tape)
			}
			for _, kept := range append(test.kept, "https://coc.example.com/v1/job/script/orders/SCT1") {
				if !strings.Contains(string(tape), kept) {
					t.Errorf("the recording lacks %s:\n%s", kept, tape)
				}
			}
		})
	}
}

// TestRecordOnlyReads keeps recording from changing anything in the account.
func TestRecordOnlyReads(t *testing.T) {
	t.Parallel()
	transport, _, err := Record(t.TempDir(), "tape", answering(func() *http.Response {
		t.Error("it was sent")
		return httptest.NewRecorder().Result()
	}))
	if err != nil {
		t.Fatal(err)
	}
	request := get(t, "https://coc.example.com/")
	request.Method = http.MethodPut
	if answer, err := transport.RoundTrip(request); err == nil {
		answer.Body.Close()
		t.Error("a PUT went through")
	}
}

// TestLoad loads a recording, and fails without one.
func TestLoad(t *testing.T) {
	t.Parallel()
	exchanges, err := Load("documented/coc_script_order")
	if err != nil {
		t.Fatal(err)
	}
	if len(exchanges) != 1 {
		t.Fatalf("%d exchanges, want one", len(exchanges))
	}
	got := exchanges[0]
	if got.Method != http.MethodGet || got.URL != "https://coc.myhuaweicloud.com/v1/job/script/orders/SCT2023102211473xxxxxxxxxx" ||
		got.Status != http.StatusOK || got.Header.Get("Content-Type") != "application/json" || !strings.Contains(got.Body, `"CANCELED"`) {
		t.Errorf("loaded %+v", got)
	}
	if _, err := Load("no/such"); err == nil {
		t.Error("a recording that does not exist was opened")
	}
}

// TestDocumentedSayWhereTheyComeFrom keeps examples of the documentation apart from answers of an account.
func TestDocumentedSayWhereTheyComeFrom(t *testing.T) {
	t.Parallel()
	names := Documented()
	if !slices.Contains(names, "documented/coc_script_order") {
		t.Errorf("documented are %q", names)
	}
	for _, name := range names {
		tape, err := cassettes.ReadFile("cassettes/" + name + ".yaml")
		if err != nil {
			t.Error(err)
			continue
		}
		for _, wanted := range []string{
			"# Not recorded from a live account: the body ",
			"X-Recorded-From:\n          - documentation",
		} {
			if !strings.Contains(string(tape), wanted) {
				t.Errorf("%s does not say %q", name, wanted)
			}
		}
	}
}
