package main

import (
	"cmp"
	"os"
	"testing"
)

// TestDemo runs the demo. It ends well only if the sources are read, one gate opens and the other stays closed.
func TestDemo(t *testing.T) {
	t.Parallel()
	if err := run(t.Context(), cmp.Or(os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform")); err != nil {
		t.Fatal(err)
	}
}
