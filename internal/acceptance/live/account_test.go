package live

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/authtest"
)

// account is one with the objects to read.
type account struct {
	region, project            string
	order, workspace, instance string
	job                        string

	accessKey, secretKey, securityToken, token string

	transport http.RoundTripper
	now       time.Time

	// unread is the result of a check that could not read what it needs. The check goes on with nil, and its own result does not count.
	unread *result
}

func newAccount(getenv func(string) string, transport http.RoundTripper) (*account, error) {
	a := &account{
		region: getenv("HW_REGION_NAME"), project: getenv("HW_PROJECT_ID"), order: getenv("HWGATE_LIVE_ORDER"),
		workspace: getenv("HWGATE_LIVE_WORKSPACE"), job: getenv("HWGATE_LIVE_JOB"), instance: getenv("HWGATE_LIVE_ROMA"),
		accessKey: getenv("HW_ACCESS_KEY"), secretKey: getenv("HW_SECRET_KEY"), securityToken: getenv("HW_SECURITY_TOKEN"),
		token: getenv("HW_AUTH_TOKEN"), transport: transport, now: time.Now(),
	}
	switch {
	case a.region == "":
		return nil, errors.New("set HW_REGION_NAME")
	case a.token == "" && (a.accessKey == "" || a.secretKey == ""):
		return nil, errors.New("set HW_ACCESS_KEY and HW_SECRET_KEY, or HW_AUTH_TOKEN")
	case a.project == "" && (a.workspace != "" || a.instance != ""):
		return nil, errors.New("set HW_PROJECT_ID: DataArts and ROMA Connect are read in a project")
	case a.order == "" && a.workspace == "" && a.instance == "":
		return nil, errors.New("set at least one of HWGATE_LIVE_ORDER, HWGATE_LIVE_WORKSPACE and HWGATE_LIVE_ROMA")
	}
	return a, nil
}

func (a *account) check(ctx context.Context, assumed assumption) result {
	a.unread = nil
	checked := assumed.check(a, ctx)
	if a.unread != nil {
		return *a.unread
	}
	return checked
}

// service is the first label of a host.
type service string

const (
	coc          service = "coc"
	dataArts     service = "dayu"
	dataArtsJobs service = "dayu-dlf"
	roma         service = "roma"
)

// host is where a service is in a region. COC has one host for each site.
func (a *account) host(s service) string {
	cloud := "myhuaweicloud.com"
	if strings.HasPrefix(a.region, "eu-west-1") {
		cloud = "myhuaweicloud.eu"
	}
	switch {
	case s != coc:
		return string(s) + "." + a.region + "." + cloud
	case strings.HasPrefix(a.region, "cn-"):
		return "coc." + cloud
	case a.region == "eu-west-101":
		return "coc-eu-west-101-open-api." + cloud
	default:
		return "coc-intl." + cloud
	}
}

// ask sends a request as it is, with no check of the answer.
func (a *account) ask(ctx context.Context, to service, query url.Values, path string) (answer, error) {
	address := url.URL{Scheme: "https", Host: a.host(to), Path: "/" + path, RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return answer{}, err
	}
	for name, value := range map[string]string{
		"X-Project-Id": a.project, "Workspace": map[bool]string{true: a.workspace}[to == dataArts || to == dataArtsJobs],
		"X-Security-Token": a.securityToken, "X-Auth-Token": a.token,
	} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	if a.token == "" {
		if err := authtest.Sign(request, a.accessKey, a.secretKey); err != nil {
			return answer{}, err
		}
	}
	response, err := a.transport.RoundTrip(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	got := answer{status: response.StatusCode}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.UseNumber()
	_ = decoder.Decode(&got.object) // anything else has no members
	return got, nil
}
