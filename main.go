// Command terraform-provider-hwgate is the Terraform provider hwgate.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

// Set by the linker at release.
var (
	version = "dev"
	commit  = "none"
)

func main() {
	debug := flag.Bool("debug", false, "run so that a debugger can be attached, and print how Terraform reaches the process")
	flag.Parse()
	err := providerserver.Serve(context.Background(), provider.New(provider.Options{Version: version, Commit: commit}),
		providerserver.ServeOpts{Address: provider.Address, Debug: *debug})
	if err != nil {
		log.Fatal(err)
	}
}
