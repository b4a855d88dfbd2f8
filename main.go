// Command terraform-provider-hwgate serves the Terraform provider hwgate.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

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
	var options []tf6server.ServeOpt
	if *debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	// net/http logs responses that nobody requested, and they may hold a part of a script's log.
	log.SetOutput(io.Discard)
	err := tf6server.Serve(provider.Address, provider.NewServer(provider.Options{Version: version, Commit: commit}), options...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
