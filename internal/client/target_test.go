package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHosts(t *testing.T) {
	t.Parallel()
	unknown := errors.New("not known yet")
	noRegion := errors.New("no region")
	for _, test := range []struct {
		region  string
		cfg     Config
		service Service
		want    string
		err     error
	}{
		{region: "cn-north-4", service: COC, want: "https://coc.myhuaweicloud.com"},
		{region: "cn-north-4", service: DataArts, want: "https://dayu.cn-north-4.myhuaweicloud.com"},
		{region: "cn-north-4", service: DataArtsJobs, want: "https://dayu-dlf.cn-north-4.myhuaweicloud.com"},
		{region: "cn-east-4", service: DataArtsJobs, want: "https://dayu.cn-east-4.myhuaweicloud.com"},
		{region: "eu-west-101", service: DataArtsJobs, want: "https://dayu-dlf.eu-west-101.myhuaweicloud.eu"},
		{
			region: "cn-north-4", cfg: Config{Endpoints: map[Service]Setting{DataArts: {Value: "https://dayu.example.com"}}},
			service: DataArtsJobs, want: "https://dayu.example.com",
		},
		{region: "cn-north-4", cfg: Config{Endpoints: map[Service]Setting{DataArts: {Err: unknown}}}, service: DataArtsJobs, err: unknown},
		{region: "cn-north-4", service: ROMA, want: "https://roma.cn-north-4.myhuaweicloud.com"},
		{region: "cn-north-4", service: IAM, want: "https://iam.cn-north-4.myhuaweicloud.com"},
		{region: "cn-north-4", service: STS, want: "https://sts.cn-north-4.myhuaweicloud.com"},
		{region: "cn-southwest-2", service: COC, want: "https://coc.myhuaweicloud.com"},
		{region: "ap-southeast-3", service: COC, want: "https://coc-intl.myhuaweicloud.com"},
		{region: "ap-southeast-3", service: DataArts, want: "https://dayu.ap-southeast-3.myhuaweicloud.com"},
		{region: "ap-southeast-3", service: ROMA, want: "https://roma.ap-southeast-3.myhuaweicloud.com"},
		{region: "af-south-1", service: COC, want: "https://coc-intl.myhuaweicloud.com"},
		{region: "eu-west-101", service: COC, want: "https://coc-eu-west-101-open-api.myhuaweicloud.eu"},
		{region: "eu-west-101", service: DataArts, want: "https://dayu.eu-west-101.myhuaweicloud.eu"},
		{region: "eu-west-101", service: ROMA, want: "https://roma.eu-west-101.myhuaweicloud.eu"},
		{region: "eu-west-101", service: IAM, want: "https://iam.eu-west-101.myhuaweicloud.eu"},
		{region: "eu-west-102", service: COC, want: "https://coc-intl.myhuaweicloud.eu"},
		{region: "eu-west-1", service: ROMA, want: "https://roma.eu-west-1.myhuaweicloud.eu"},
		{region: "eu-west-200", service: COC, want: "https://coc-intl.myhuaweicloud.com"},
		{region: "eu-west-101", service: STS, want: "https://sts.eu-west-101.myhuaweicloud.eu"},
		{region: "eu-west-200", service: IAM, want: "https://iam.eu-west-200.myhuaweicloud.com"},
		{region: "eu-west-101", cfg: Config{Cloud: Setting{Value: "example.com"}}, service: COC, want: "https://coc.example.com"},
		{region: "ap-southeast-3", cfg: Config{Cloud: Setting{Value: "myhuaweicloud.com"}}, service: COC, want: "https://coc-intl.myhuaweicloud.com"},
		{region: "ap-southeast-3", cfg: Config{Cloud: Setting{Value: "myhuaweicloud.eu"}}, service: COC, want: "https://coc-intl.myhuaweicloud.eu"},
		{region: "cn-north-4", cfg: Config{Cloud: Setting{Value: "example.com"}}, service: COC, want: "https://coc.example.com"},
		{region: "ap-southeast-3", cfg: Config{Cloud: Setting{Value: "example.com"}}, service: COC, want: "https://coc.example.com"},
		{region: "cn-north-4", cfg: Config{Cloud: Setting{Value: "example.com"}}, service: IAM, want: "https://iam.cn-north-4.example.com"},
		{region: "cn-north-4", cfg: Config{Cloud: Setting{Err: unknown}}, service: ROMA, err: unknown},
		{
			region: "cn-north-4", cfg: Config{Endpoints: map[Service]Setting{COC: {Value: "http://localhost:8080/coc/"}}},
			service: COC, want: "http://localhost:8080/coc",
		},
		{
			cfg:     Config{Endpoints: map[Service]Setting{COC: {Value: "coc.example.com"}}, Cloud: Setting{Err: unknown}},
			service: COC, want: "https://coc.example.com",
		},
		{region: "cn-north-4", cfg: Config{Endpoints: map[Service]Setting{COC: {Err: unknown}}}, service: COC, err: unknown},
		{
			region: "cn-north-4", cfg: Config{Endpoints: map[Service]Setting{COC: {Value: "coc.example.com"}}},
			service: ROMA, want: "https://roma.cn-north-4.myhuaweicloud.com",
		},
		{cfg: Config{Region: Setting{Err: noRegion}}, service: ROMA, err: noRegion},
		{cfg: Config{}, service: ROMA, err: errNoRegion},
		{region: "cn-north-4", cfg: Config{AuthURL: Setting{Value: "https://iam.example.com/v3"}}, service: IAM, want: "https://iam.example.com"},
		{region: "cn-north-4", cfg: Config{AuthURL: Setting{Value: "https://iam.example.com/v3/"}}, service: IAM, want: "https://iam.example.com"},
		{region: "cn-north-4", cfg: Config{AuthURL: Setting{Value: "https://iam.example.com"}}, service: IAM, want: "https://iam.example.com"},
		{region: "cn-north-4", cfg: Config{AuthURL: Setting{Value: "https://iam.example.com/"}}, service: IAM, want: "https://iam.example.com"},
		{cfg: Config{Endpoints: map[Service]Setting{COC: {Value: "https://h.example.com/v3"}}}, service: COC, want: "https://h.example.com/v3"},
		{cfg: Config{AuthURL: Setting{Value: "iam.example.com:5000/identity/v3"}}, service: IAM, want: "https://iam.example.com:5000/identity"},
		{region: "cn-north-4", cfg: Config{AuthURL: Setting{Err: unknown}}, service: IAM, err: unknown},
		{
			region: "cn-north-4", cfg: Config{Endpoints: map[Service]Setting{IAM: {Value: "https://iam.example.com"}}},
			service: IAM, want: "https://iam.example.com",
		},
		{region: "cn-north-4", cfg: Config{Endpoints: map[Service]Setting{IAM: {Err: unknown}}}, service: IAM, err: unknown},
		{
			region: "cn-north-4", service: IAM, want: "https://auth.example.com",
			cfg: Config{AuthURL: Setting{Value: "https://auth.example.com"}, Endpoints: map[Service]Setting{IAM: {Value: "https://iam.example.com"}}},
		},
		{region: "cn-north-4", cfg: Config{AuthURL: Setting{Value: "https://iam.example.com"}}, service: STS, want: "https://sts.cn-north-4.myhuaweicloud.com"},
	} {
		c, err := New(test.cfg)
		if err != nil {
			t.Fatal(err)
		}
		u, err := c.endpoint(test.service, test.region)
		name := fmt.Sprintf("%s of %q with %+v", test.service, test.region, test.cfg)
		if test.err != nil {
			if !errors.Is(err, test.err) {
				t.Errorf("%s: error %v, want %v", name, err, test.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if u.String() != test.want {
			t.Errorf("%s: %s, want %s", name, u, test.want)
		}
	}
}

func TestServices(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff([]Service{"coc", "dataarts", "roma", "iam", "sts"}, Services()); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if got := Service("another"); got.Name() != "another" || got.Permission() != "the right to read" || got.facts().owner != got {
		t.Errorf("a service that is not known is %q and needs %q", got.Name(), got.Permission())
	}
	if got := DataArtsJobs.facts().owner; got != DataArts {
		t.Errorf("the second host of DataArts belongs to %q", got)
	}
	c := newClient(t, nil)
	for _, service := range Services() {
		if service.Name() == "" || service.Permission() == "" || service.facts().owner != service {
			t.Errorf("%s has the name %q and needs %q", service, service.Name(), service.Permission())
		}
		if _, err := c.endpoint(service, testRegion); err != nil {
			t.Errorf("%s: %v", service, err)
		}
	}
	if _, err := c.endpoint("another", testRegion); err == nil {
		t.Error("a service that is not known has a host")
	}
}

// The provider's settings, before the arguments of a data source.
func TestTargets(t *testing.T) {
	t.Parallel()
	const region, project = "cn-north-4", "provider-project"
	unknown := errors.New("not known yet")
	noRegion := errors.New("no region")
	full := Config{Region: Setting{Value: region}, ProjectID: Setting{Value: project}}
	endpoints := map[Service]Setting{COC: {Value: "https://coc.example.com"}, DataArts: {Value: "https://dayu.example.com"}}
	for _, test := range []struct {
		name              string
		cfg               Config
		region, projectID string
		// coc and project are the two targets; lookedUp is the region whose project was asked for.
		coc, project       Target
		cocErr, projectErr error
		lookedUp           string
	}{
		{
			name: "all from the provider", cfg: full,
			coc: Target{region, project}, project: Target{region, project},
		},
		{
			name: "all from the data source", cfg: full, region: "ap-southeast-3", projectID: "own-project",
			coc: Target{"ap-southeast-3", "own-project"}, project: Target{"ap-southeast-3", "own-project"},
		},
		{
			name: "project from the data source", cfg: full, projectID: "own-project",
			coc: Target{region, "own-project"}, project: Target{region, "own-project"},
		},
		{
			name: "the provider's region, given again", cfg: full, region: region,
			coc: Target{region, project}, project: Target{region, project},
		},
		{
			name: "another region, where the provider's project does not count", cfg: full, region: "ap-southeast-3",
			coc: Target{"ap-southeast-3", ""}, project: Target{"ap-southeast-3", "found"}, lookedUp: "ap-southeast-3",
		},
		{
			name: "no project", cfg: Config{Region: Setting{Value: region}},
			coc: Target{region, ""}, project: Target{region, "found"}, lookedUp: region,
		},
		{
			name: "no region", cfg: Config{Region: Setting{Err: noRegion}, ProjectID: Setting{Value: project}},
			cocErr: noRegion, projectErr: noRegion,
		},
		{
			name: "no region and no reason",
			coc:  Target{}, cocErr: errNoRegion, projectErr: errNoRegion,
		},
		{
			name: "no region, but endpoints", cfg: Config{Region: Setting{Err: noRegion}, ProjectID: Setting{Value: project}, Endpoints: endpoints},
			coc: Target{"", project}, projectErr: noRegion,
		},
		{
			name: "no region, but one from the data source", cfg: Config{Region: Setting{Err: noRegion}, ProjectID: Setting{Value: project}},
			region: region,
			coc:    Target{region, ""}, project: Target{region, "found"}, lookedUp: region,
		},
		{
			name: "project not known yet", cfg: Config{Region: Setting{Value: region}, ProjectID: Setting{Err: unknown}},
			cocErr: unknown, projectErr: unknown,
		},
		{
			name: "project not known yet, but not needed", cfg: Config{Region: Setting{Value: region}, ProjectID: Setting{Err: unknown}},
			projectID: "own-project",
			coc:       Target{region, "own-project"}, project: Target{region, "own-project"},
		},
		{
			name: "project not known yet, of another region", cfg: Config{Region: Setting{Value: region}, ProjectID: Setting{Err: unknown}},
			region: "ap-southeast-3", projectID: "own-project",
			coc: Target{"ap-southeast-3", "own-project"}, project: Target{"ap-southeast-3", "own-project"},
		},
		{
			name: "account not known yet, and not needed where there is a project",
			cfg:  Config{Region: Setting{Value: region}, ProjectID: Setting{Value: project}, DomainID: Setting{Err: unknown}},
			coc:  Target{region, project}, project: Target{region, project},
		},
		{
			name:   "account not known yet, which COC needs without a project",
			cfg:    Config{Region: Setting{Value: region}, DomainID: Setting{Err: unknown}},
			cocErr: unknown, project: Target{region, "found"}, lookedUp: region,
		},
		{
			name: "a setting that all need is not known yet", cfg: Config{Region: Setting{Value: region}, Blocked: unknown},
			region: "ap-southeast-3", projectID: "own-project",
			cocErr: unknown, projectErr: unknown,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			iam := answering(findsProject)
			c := newClient(t, iam, func(cfg *Config) {
				given := test.cfg
				given.Cloud, given.Credentials, given.WrapTransport = cfg.Cloud, cfg.Credentials, cfg.WrapTransport
				*cfg = given
			})
			got, err := c.COCTarget(test.region, test.projectID)
			if got != test.coc || !errors.Is(err, test.cocErr) {
				t.Errorf("COC: %+v and error %v, want %+v and %v", got, err, test.coc, test.cocErr)
			}
			if len(iam.sent()) != 0 {
				t.Error("a project was looked up for COC")
			}
			got, err = c.ProjectTarget(t.Context(), test.region, test.projectID)
			if got != test.project || !errors.Is(err, test.projectErr) {
				t.Errorf("others: %+v and error %v, want %+v and %v", got, err, test.project, test.projectErr)
			}
			var lookedUp []string
			for _, request := range iam.sent() {
				lookedUp = append(lookedUp, request.URL.String())
			}
			var want []string
			if test.lookedUp != "" {
				want = []string{"https://iam." + test.lookedUp + ".example.com/v3/projects?name=" + test.lookedUp}
			}
			if !slices.Equal(lookedUp, want) {
				t.Errorf("looked up %q, want %q", lookedUp, want)
			}
		})
	}
}

// What is wrong with a setting is said by the read that needs it, and nothing is sent.
func TestSettingErrorsReachTheCaller(t *testing.T) {
	t.Parallel()
	unknown := errors.New("not known yet")
	for name, change := range map[string]func(*Config){
		"cloud": func(cfg *Config) { cfg.Cloud = Setting{Err: unknown} },
		"endpoints": func(cfg *Config) {
			cfg.Endpoints = map[Service]Setting{COC: {Err: unknown}, DataArts: {Err: unknown}, ROMA: {Err: unknown}}
		},
	} {
		for call, read := range callers {
			t.Run(name+"/"+call, func(t *testing.T) {
				t.Parallel()
				service := answering(says(http.StatusOK, documented[call]))
				_, err := read(t.Context(), newClient(t, service, change))
				if !errors.Is(err, unknown) || len(service.sent()) != 0 {
					t.Errorf("error %v after %d requests, want %v and none", err, len(service.sent()), unknown)
				}
			})
		}
	}
	t.Run("no region", func(t *testing.T) {
		t.Parallel()
		c := newClient(t, answering(says(http.StatusOK, documentedOrder)), func(cfg *Config) { cfg.Region = Setting{} })
		if _, err := c.ScriptOrder(context.Background(), Order{ExecuteUUID: testOrderID}); !errors.Is(err, errNoRegion) {
			t.Errorf("error %v, want %v", err, errNoRegion)
		}
	})
}
