package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestRelabel(t *testing.T) {
	t.Parallel()

	const in = `{
		"format_version": "1.0",
		"provider_schemas": {
			"registry.terraform.io/hwgate/hwgate": {
				"provider": {"version": 0},
				"data_source_schemas": {"coc_script_order": {"version": 1}, "roma_fdi_task_statistics": {"version": 2}},
				"functions": {"gate": {"summary": "kept as it is"}}
			}
		}
	}`
	for prefix, want := range map[string]string{
		"hwgate_": `{"format_version": "1.0", "provider_schemas": {"hwgate": {
			"provider": {"version": 0},
			"data_source_schemas": {"hwgate_coc_script_order": {"version": 1}, "hwgate_roma_fdi_task_statistics": {"version": 2}},
			"functions": {"gate": {"summary": "kept as it is"}}}}}`,
		"": `{"format_version": "1.0", "provider_schemas": {"hwgate": {
			"provider": {"version": 0},
			"data_source_schemas": {"coc_script_order": {"version": 1}, "roma_fdi_task_statistics": {"version": 2}},
			"functions": {"gate": {"summary": "kept as it is"}}}}}`,
	} {
		got, err := relabel([]byte(in), prefix)
		if err != nil {
			t.Fatalf("prefix %q: %v", prefix, err)
		}
		if !sameJSON(t, got, []byte(want)) {
			t.Errorf("prefix %q: got %s", prefix, got)
		}
	}
}

func TestRelabelRefuses(t *testing.T) {
	t.Parallel()

	for name, in := range map[string]string{
		"no JSON":       `Error: no provider`,
		"no provider":   `{"format_version": "1.0"}`,
		"two providers": `{"provider_schemas": {"a": {}, "b": {}}}`,
		"odd schemas":   `{"provider_schemas": {"a": {"data_source_schemas": []}}}`,
	} {
		if out, err := relabel([]byte(in), ""); err == nil {
			t.Errorf("%s: no error, got %s", name, out)
		}
	}
}

// TestPrefixExamples finds each example under the prefixed name of its type, and needs a folder for each form.
func TestPrefixExamples(t *testing.T) {
	t.Parallel()

	from, to := t.TempDir(), t.TempDir()
	writeFiles(t, from, map[string]string{
		"data-sources/coc_script_order/data-source.tf": "1", "ephemeral-resources/coc_script_order/ephemeral-resource.tf": "2",
	})
	if err := prefixExamples(from, to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a folder of actions: error %v", err)
	}
	writeFiles(t, from, map[string]string{"actions/coc_script_order/action.tf": "3"})
	to = t.TempDir()
	if err := prefixExamples(from, to); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"data-sources/hwgate_coc_script_order/data-source.tf": "1\n", "actions/hwgate_coc_script_order/action.tf": "3\n",
		"ephemeral-resources/hwgate_coc_script_order/ephemeral-resource.tf": "2\n",
	} {
		if got, err := os.ReadFile(filepath.Join(to, path)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		current, generated map[string]string
		stale              bool
	}{
		"same":    {map[string]string{"a.md": "1"}, map[string]string{"a.md": "1"}, false},
		"changed": {map[string]string{"a.md": "1"}, map[string]string{"a.md": "2"}, true},
		"new":     {map[string]string{"a.md": "1"}, map[string]string{"a.md": "1", "b/c.md": "1"}, true},
		"left":    {map[string]string{"a.md": "1", "b/c.md": "1"}, map[string]string{"a.md": "1"}, true},
		"none":    {nil, map[string]string{"a.md": "1"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dir := t.TempDir()
			current, generated := filepath.Join(dir, "docs"), filepath.Join(dir, "new")
			writeFiles(t, current, tc.current)
			writeFiles(t, generated, tc.generated)
			err := compare(t.Context(), t.TempDir(), current, generated)
			if stale := errors.Is(err, errStale); stale != tc.stale || (err != nil && !stale) {
				t.Errorf("got error %v, want stale %t", err, tc.stale)
			}
		})
	}
}

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}
