package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// findsProject is IAM: the project that is asked for has the id "found".
func findsProject(request *http.Request) (*http.Response, error) {
	name := request.URL.Query().Get("name")
	return says(200, fmt.Sprintf(`{"links":{},"projects":[{"id":"found","name":%q,"enabled":true}]}`, name))(request)
}

func TestProjectIsLookedUpOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iam := answering(findsProject)
		c := newClient(t, iam)
		for range 2 {
			var wg sync.WaitGroup
			for range 10 {
				for _, region := range []string{"", "cn-north-4"} {
					wg.Go(func() {
						target, err := c.ProjectTarget(t.Context(), region, "")
						if err != nil || target.ProjectID != "found" {
							t.Errorf("%+v and error %v", target, err)
						}
					})
				}
			}
			wg.Wait()
		}
		urls := map[string]int{}
		for _, request := range iam.sent() {
			checkSigned(t, request)
			urls[request.Method+" "+request.URL.String()]++
			if got := request.Header.Get("X-Project-Id"); got != "" {
				t.Errorf("X-Project-Id %q, which is what is looked up", got)
			}
		}
		for _, want := range []string{
			"GET https://iam.ap-example-1.example.com/v3/projects?name=ap-example-1",
			"GET https://iam.cn-north-4.example.com/v3/projects?name=cn-north-4",
		} {
			if urls[want] != 1 || len(iam.sent()) != 2 {
				t.Errorf("requests %v, want one of %s", urls, want)
			}
		}
	})
}

func TestProjectName(t *testing.T) {
	t.Parallel()
	unknown := errors.New("not known yet")
	for _, test := range []struct {
		name   string
		given  Setting
		region string
		want   string
		err    error
	}{
		{"none", Setting{}, "", testRegion, nil},
		{"given", Setting{Value: "ap-example-1_sub project"}, "", "ap-example-1_sub project", nil},
		{"given, but for the provider's region", Setting{Value: "sub"}, "cn-north-4", "cn-north-4", nil},
		{"not known yet", Setting{Err: unknown}, "", "", unknown},
		{"not known yet, but for the provider's region", Setting{Err: unknown}, "cn-north-4", "cn-north-4", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			iam := answering(findsProject)
			_, err := newClient(t, iam, func(cfg *Config) { cfg.ProjectName = test.given }).ProjectTarget(t.Context(), test.region, "")
			if !errors.Is(err, test.err) {
				t.Errorf("error %v, want %v", err, test.err)
			}
			if test.want == "" {
				if len(iam.sent()) != 0 {
					t.Errorf("sent %s", iam.sent()[0].URL)
				}
				return
			}
			if got := query(t, iam.sent()[0]).Get("name"); got != test.want {
				t.Errorf("name %q, want %q", got, test.want)
			}
		})
	}
}

// An id may be twice as long as real ones are.
func TestProjectIDOfTheGreatestLength(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("p", 64)
	iam := answering(says(http.StatusOK, `{"projects":[{"id":"`+id+`","name":"ap-example-1"}]}`))
	target, err := newClient(t, iam).ProjectTarget(t.Context(), "", "")
	if err != nil || target.ProjectID != id {
		t.Errorf("project %q and error %v, want %q", target.ProjectID, err, id)
	}
}

func TestProjectIsNotSettled(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		answer answerer
		found  int
		check  func(error) bool
		// says is how the error ends.
		says string
	}{
		{
			"none", says(200, `{"projects":[]}`), 0, nil,
			` at iam.ap-example-1.example.com: 0 projects have that name, wanted one`,
		},
		{
			"two", says(200, `{"projects":[{"id":"p1","name":"ap-example-1"},{"id":"p2","name":"ap-example-1"}]}`), 2, nil,
			": 2 projects have that name, wanted one",
		},
		{
			"another one", says(200, `{"projects":[{"id":"p1","name":"MOS"},{"id":"p2"}]}`), 0, nil,
			": 0 projects have that name, wanted one",
		},
		{
			"one without an id", says(200, `{"projects":[{"name":"ap-example-1"},{"id":null,"name":"ap-example-1"}]}`), 0, nil,
			": 0 projects have that name, wanted one",
		},
		{
			"forbidden", says(403, `{"error_code":"IAM.0003","error_msg":"no"}`), 0, IsForbidden,
			"GET iam.ap-example-1.example.com/v3/projects: HTTP 403 Forbidden: IAM.0003: no",
		},
		{
			"refused", says(401, `{"error":{"code":401,"message":"no"}}`), 0, IsUnauthorized,
			"HTTP 401 Unauthorized: 401: no",
		},
		{
			"an id of another type", says(200, `{"projects":[{"id":{},"name":"ap-example-1"}]}`), 0,
			func(err error) bool { return errors.Is(err, ErrMalformed) },
			"malformed answer: projects[0].id is an object, wanted a string",
		},
		{
			"an id that is no part of a path", says(200, `{"projects":[{"id":"../../v1","name":"ap-example-1"}]}`), 0,
			func(err error) bool { return errors.Is(err, ErrMalformed) },
			"malformed answer: the id of the project cannot be one",
		},
		{
			"an endless id", says(200, `{"projects":[{"id":"`+strings.Repeat("p", 65)+`","name":"ap-example-1"}]}`), 0,
			func(err error) bool { return errors.Is(err, ErrMalformed) },
			"malformed answer: the id of the project cannot be one",
		},
		{
			"a project of another type", says(200, `{"projects":["ap-example-1"]}`), 0,
			func(err error) bool { return errors.Is(err, ErrMalformed) },
			"malformed answer: projects[0] is a string, wanted an object",
		},
		{
			"no list", says(200, `{"projects":null}`), 0,
			func(err error) bool { return errors.Is(err, ErrMalformed) },
			"malformed answer: there is no projects in it",
		},
		{
			"an error instead", says(200, `{"error_code":"IAM.0011","error_msg":"no"}`), 0,
			func(err error) bool { return !errors.Is(err, ErrMalformed) },
			"HTTP 200 OK: IAM.0011: no",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			target, err := newClient(t, answering(test.answer)).ProjectTarget(t.Context(), "", "")
			var e *ProjectError
			if !errors.As(err, &e) {
				t.Fatalf("%+v and error %v, want a *ProjectError", target, err)
			}
			checkHarmless(t, err.Error())
			if e.Region != testRegion || e.Name != testRegion || e.Found != test.found || (e.Err == nil) != (test.check == nil) {
				t.Errorf("%#v", e)
			}
			if test.check != nil && !test.check(err) {
				t.Errorf("error %v", err)
			}
			if !strings.HasPrefix(err.Error(), `looking up the id of project "ap-example-1" of region "ap-example-1"`) ||
				!strings.HasSuffix(err.Error(), test.says) {
				t.Errorf("error %q, want it to end in %q", err, test.says)
			}
		})
	}
}

// A caller who must not list the account's projects, or gets none of them, lists his own.
func TestProjectAmongOwn(t *testing.T) {
	t.Parallel()
	for name, all := range map[string]answerer{
		"forbidden": says(403, `{"error_code":"IAM.0002","error_msg":"no"}`), "an empty list": says(200, `{"projects":[]}`),
		"others": says(200, `{"projects":[{"id":"other","name":"elsewhere"}]}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := says(200, `{"projects":[{"id":"other","name":"elsewhere"},{"id":"own","name":"ap-example-1"}]}`)
			iam := answering(all, own)
			c := newClient(t, iam)
			for range 2 {
				if target, err := c.ProjectTarget(t.Context(), "", ""); err != nil || target.ProjectID != "own" {
					t.Errorf("%+v and error %v", target, err)
				}
			}
			if sent := iam.sent(); len(sent) != 2 || sent[1].URL.RequestURI() != "/v3/auth/projects" {
				t.Errorf("%d requests, want two, the second one for the caller's own projects", len(sent))
			}
		})
	}
}

// A refusal is final: repeating it for each of many reads mends nothing.
func TestProjectRefusalIsRemembered(t *testing.T) {
	t.Parallel()
	iam := answering(says(403, ""), says(403, "of one's own, too"))
	c := newClient(t, iam)
	for range 3 {
		if _, err := c.ProjectTarget(t.Context(), "", ""); !IsForbidden(err) {
			t.Errorf("error %v, want the refusal", err)
		}
	}
	if len(iam.sent()) != 2 {
		t.Errorf("%d requests, want 2", len(iam.sent()))
	}
}

// Another failure is not remembered: what was wrong may be mended while the process lives.
func TestProjectIsLookedUpAgainAfterFailure(t *testing.T) {
	t.Parallel()
	without := slices.Repeat([]answerer{says(200, `{"projects":[]}`)}, 2)
	iam := answering(slices.Concat([]answerer{says(500, `{"error_code":"IAM.9","error_msg":"no"}`)}, without, []answerer{findsProject})...)
	c := newClient(t, iam)
	for i, ok := range []bool{false, false, true, true} {
		if _, err := c.ProjectTarget(t.Context(), "", ""); (err == nil) != ok {
			t.Errorf("look-up %d: error %v", i+1, err)
		}
	}
	if len(iam.sent()) != 4 {
		t.Errorf("%d requests, want 4", len(iam.sent()))
	}
}

// Who waits for another's look-up can give up.
func TestProjectCanceledWhileAnotherLooksUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := newGate(findsProject)
		c := newClient(t, answering(first.pass))
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.ProjectTarget(t.Context(), "", ""); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		var canceled sync.WaitGroup
		canceled.Go(func() {
			if _, err := c.ProjectTarget(ctx, "", ""); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want context.Canceled", err)
			}
		})
		synctest.Wait()
		cancel()
		canceled.Wait()
		close(first.open)
		wg.Wait()
	})
}
