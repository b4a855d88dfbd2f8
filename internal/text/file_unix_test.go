//go:build unix

package text

import (
	"net"
	"path/filepath"
	"syscall"
	"testing"
)

// specialFiles makes a pipe and a socket, and says what they are called.
func specialFiles(t *testing.T, folder string) map[string]string {
	t.Helper()
	pipe, socket := filepath.Join(folder, "pipe"), filepath.Join(folder, "socket")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return map[string]string{pipe: "it is a pipe", socket: "it is a socket"}
}
