// Command terraform-provider-hwgate serves the Terraform provider hwgate.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
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
	server := provider.NewServer(provider.Options{Version: version, Commit: commit, Reusable: *debug})()
	var options []tf6server.ServeOpt
	if *debug {
		options = append(options, tf6server.WithManagedDebug())
	} else {
		go endWithParent(os.Getppid())
		go stopOnSignal(server)
	}
	// net/http logs responses that nobody requested, and they may hold a part of a script's log.
	log.SetOutput(io.Discard)
	err := tf6server.Serve(provider.Address, func() tfprotov6.ProviderServer { return server }, options...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// endWithParent ends this process when Terraform, its parent, has ended without ending it.
func endWithParent(parent int) {
	// On Windows the id of the parent never changes, but any process can be waited for; elsewhere only a child can.
	if process, err := os.FindProcess(parent); err == nil {
		if _, err := process.Wait(); err == nil {
			os.Exit(1)
		}
	}
	for range time.Tick(time.Second) {
		if os.Getppid() != parent {
			os.Exit(1)
		}
	}
}

// endTimeout is how long Terraform has after a SIGTERM to report the canceled reads and to end this process itself.
const endTimeout = 5 * time.Second

// stopOnSignal stops the provider when a signal reaches the whole process group, as Terraform does when it gets the signal alone. An
// older Terraform that plans within an apply would not stop it.
func stopOnSignal(server tfprotov6.ProviderServer) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	for received := range signals {
		if received == syscall.SIGTERM {
			time.AfterFunc(endTimeout, func() { os.Exit(1) })
		}
		// The error is for Terraform, which waits for the events that are left.
		_, _ = server.StopProvider(context.Background(), &tfprotov6.StopProviderRequest{})
	}
}
