// Command mock serves a mock of COC, DataArts, ROMA and IAM on loopback until it is interrupted, so that gates can be tried without an
// account.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8700", "the address to serve on")
	runTime := flag.Duration("run-time", 20*time.Second, "how long what runs takes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := serve(ctx, *listen, *runTime, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mock:", err)
		os.Exit(1) //nolint:gocritic // nothing is left for the deferred stop
	}
}

// serve serves until the context is canceled. It prints how to use the mock, then a line for each request.
func serve(ctx context.Context, address string, runTime time.Duration, out io.Writer) error {
	if runTime <= 0 {
		return fmt.Errorf("-run-time is %s, and must be positive", runTime)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	url := "http://" + listener.Addr().String()
	m := newMock(time.Now, runTime)
	if _, err := io.WriteString(out, m.introduction(url)); err != nil {
		return err
	}
	server := &http.Server{Handler: logged(m, out), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// logged prints a line for each request.
func logged(handler http.Handler, out io.Writer) http.Handler {
	lines := log.New(out, "", log.Ltime)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lines.Println(r.Method, r.URL.EscapedPath())
		handler.ServeHTTP(w, r)
	})
}
