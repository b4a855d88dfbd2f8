package provider_test

import (
	"context"
	"flag"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/sandbox"
)

func TestMain(m *testing.M) {
	// Most tests wait for a command or for a pause, so there is room for more of them than there are processors.
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set(strconv.Itoa(4 * runtime.GOMAXPROCS(0)))
	}
	cli.product, cli.version, cli.err = sandbox.Version(context.Background(), cli.program)
	code := m.Run()
	unbox()
	os.Exit(code)
}
