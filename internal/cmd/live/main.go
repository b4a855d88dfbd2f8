// Command live checks with an account which assumptions about the services hold. It only reads: a few dozen requests in some minutes.
// Region, credentials and an id of each kind come from the environment:
//
//	HW_REGION_NAME, HW_ACCESS_KEY, HW_SECRET_KEY, HW_SECURITY_TOKEN or HW_AUTH_TOKEN, HW_PROJECT_ID
//	HWGATE_LIVE_ORDER      id of a script order of COC that has ended
//	HWGATE_LIVE_WORKSPACE  id of a workspace of DataArts Factory that ran jobs today
//	HWGATE_LIVE_ROMA       id of an instance of ROMA Connect
//
// Assumptions whose id is missing are not checked. The answers are recorded, scrubbed, in a folder that git ignores.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/recording"
)

func main() {
	folder := flag.String("recordings", "live-recordings", "the folder that the recordings go to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	failed, err := run(ctx, os.Stdout, os.Getenv, *folder, http.DefaultTransport)
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "live:", err)
		os.Exit(2)
	case failed > 0:
		os.Exit(1)
	}
}

const timeLimit = 5 * time.Minute

// run checks and prints every assumption. It returns how many failed.
func run(ctx context.Context, out io.Writer, getenv func(string) string, folder string, network http.RoundTripper) (failed int, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	transport, stop, err := recording.RecordTo(folder, "live", network)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	account, err := newAccount(getenv, transport)
	if err != nil {
		return 0, err
	}
	for _, a := range assumptions() {
		result := account.check(ctx, a)
		_, err = fmt.Fprintf(out, "%-9s %s\n          assumed: %s\n          seen:    %s\n", result.verdict, a.name, a.assumed, result.text)
		if err != nil {
			return failed, err
		}
		if result.verdict == fails {
			failed++
		}
	}
	_, err = fmt.Fprintf(out, "\n%d of the assumptions fail. The answers are in %s; read them before you show them to anybody.\n",
		failed, folder)
	return failed, err
}

// account is a client with the objects to read.
type account struct {
	*client.Client

	region, project            string
	order, workspace, instance string
	now                        time.Time

	// unread is the result of a check that could not read what it needs. The check goes on with nil, and its own result does not count.
	unread *result
}

func (a *account) check(ctx context.Context, assumed assumption) result {
	a.unread = nil
	checked := assumed.check(a, ctx)
	if a.unread != nil {
		return *a.unread
	}
	return checked
}

func newAccount(getenv func(string) string, transport http.RoundTripper) (*account, error) {
	a := &account{
		region: getenv("HW_REGION_NAME"), project: getenv("HW_PROJECT_ID"), order: getenv("HWGATE_LIVE_ORDER"),
		workspace: getenv("HWGATE_LIVE_WORKSPACE"), instance: getenv("HWGATE_LIVE_ROMA"), now: time.Now(),
	}
	credential := client.Credential{
		AccessKey: getenv("HW_ACCESS_KEY"), SecretKey: getenv("HW_SECRET_KEY"), SecurityToken: getenv("HW_SECURITY_TOKEN"),
		Token: getenv("HW_AUTH_TOKEN"),
	}
	switch {
	case a.region == "":
		return nil, errors.New("set HW_REGION_NAME")
	case credential.Token == "" && (credential.AccessKey == "" || credential.SecretKey == ""):
		return nil, errors.New("set HW_ACCESS_KEY and HW_SECRET_KEY, or HW_AUTH_TOKEN")
	case a.project == "" && (a.workspace != "" || a.instance != ""):
		return nil, errors.New("set HW_PROJECT_ID: DataArts and ROMA Connect are read in a project")
	case a.order == "" && a.workspace == "" && a.instance == "":
		return nil, errors.New("set at least one of HWGATE_LIVE_ORDER, HWGATE_LIVE_WORKSPACE and HWGATE_LIVE_ROMA")
	}
	reader, err := client.New(client.Config{
		Region: client.Setting{Value: a.region}, Credentials: client.StaticCredential(credential, "the environment"),
		Language: "en-us", UserAgent: "hwgate-live", MaxRetries: 2,
		WrapTransport: func(http.RoundTripper) http.RoundTripper { return transport },
	})
	if err != nil {
		return nil, err
	}
	a.Client = reader
	return a, nil
}
