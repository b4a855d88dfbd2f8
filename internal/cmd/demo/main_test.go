package main

import (
	"cmp"
	"os"
	"testing"
)

// TestDemo runs the demo, which fails unless every source is read and every gate opens or stays closed as it should.
func TestDemo(t *testing.T) {
	t.Parallel()
	if err := run(t.Context(), cmp.Or(os.Getenv("TF_ACC_TERRAFORM_PATH"), "terraform"), ""); err != nil {
		t.Fatal(err)
	}
}
