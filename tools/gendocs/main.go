// Command gendocs writes docs/ from the provider's schema, templates/ and examples/.
//
// tfplugindocs renders a type only if its name begins with the provider's name, and ours do not. It therefore gets a copy of the schema
// with that prefix, which the templates remove again. The result is then validated against the true names.
//
// All work is done in a temporary directory; only a complete result replaces docs/.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

const providerName = "hwgate"

var errStale = errors.New("docs/ is out of date: run `make generate` and commit the result")

func main() {
	root := flag.String("root", "..", "root `directory` of the provider")
	check := flag.Bool("check", false, "change nothing; print the difference and fail if docs/ is out of date")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *root, *check)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root string, check bool) (err error) {
	root, err = filepath.Abs(root)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "gendocs-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	schema, err := command(ctx, root, "go", "run", "-buildvcs=false", "./internal/cmd/schemajson")
	if err != nil {
		return err
	}
	if err := render(ctx, root, work, schema); err != nil {
		return err
	}
	current, generated := filepath.Join(root, "docs"), filepath.Join(work, "docs")
	if check {
		return compare(ctx, work, current, generated)
	}
	if err := os.RemoveAll(current); err != nil {
		return err
	}
	return os.CopyFS(current, os.DirFS(generated))
}

// render writes work/docs.
func render(ctx context.Context, root, work string, schema []byte) error {
	prefixed, trueNames := filepath.Join(work, "prefixed.json"), filepath.Join(work, "true.json")
	for path, prefix := range map[string]string{prefixed: providerName + "_", trueNames: ""} {
		out, err := relabel(schema, prefix)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, out, 0o600); err != nil {
			return err
		}
	}
	if err := prefixExamples(filepath.Join(root, "examples"), filepath.Join(work, "examples")); err != nil {
		return err
	}
	// tfplugindocs takes these folders only as paths relative to the provider.
	relative, err := filepath.Rel(root, work)
	if err != nil {
		return err
	}
	tools := filepath.Join(root, "tools")
	_, err = command(ctx, tools, "go", "tool", "tfplugindocs", "generate", "--provider-dir", root,
		"--provider-name", providerName, "--providers-schema", prefixed,
		"--examples-dir", filepath.Join(relative, "examples"), "--rendered-website-dir", filepath.Join(relative, "docs"))
	if err != nil {
		return err
	}
	_, err = command(ctx, tools, "go", "tool", "tfplugindocs", "validate", "--provider-dir", work,
		"--provider-name", providerName, "--providers-schema", trueNames)
	return err
}

// prefixExamples copies the examples of all forms to folders with the prefixed names, where tfplugindocs looks for them.
func prefixExamples(from, to string) error {
	for _, form := range []string{"data-sources", "ephemeral-resources", "actions"} {
		examples, err := os.ReadDir(filepath.Join(from, form))
		if err != nil {
			return err
		}
		for _, example := range examples {
			copied := filepath.Join(to, form, providerName+"_"+example.Name())
			if err := os.CopyFS(copied, os.DirFS(filepath.Join(from, form, example.Name()))); err != nil {
				return err
			}
		}
	}
	return nil
}

// relabel changes the output of `terraform providers schema -json`: the provider gets its short name, as tfplugindocs expects, and each
// type name the prefix.
func relabel(schema []byte, prefix string) ([]byte, error) {
	var in struct {
		FormatVersion string                                `json:"format_version"`
		Providers     map[string]map[string]json.RawMessage `json:"provider_schemas"`
	}
	if err := json.Unmarshal(schema, &in); err != nil {
		return nil, fmt.Errorf("reading the schema: %w", err)
	}
	if len(in.Providers) != 1 {
		return nil, fmt.Errorf("reading the schema: want one provider, got %d", len(in.Providers))
	}
	out := in
	out.Providers = make(map[string]map[string]json.RawMessage, 1)
	for _, provider := range in.Providers {
		for kind, raw := range provider {
			if !strings.HasSuffix(kind, "_schemas") {
				continue
			}
			var types map[string]json.RawMessage
			if err := json.Unmarshal(raw, &types); err != nil {
				return nil, fmt.Errorf("reading %s: %w", kind, err)
			}
			renamed := make(map[string]json.RawMessage, len(types))
			for name, body := range types {
				renamed[prefix+name] = body
			}
			body, err := json.Marshal(renamed)
			if err != nil {
				return nil, err
			}
			provider[kind] = body
		}
		out.Providers[providerName] = provider
	}
	return json.Marshal(out)
}

// compare prints how the generated pages differ from the current ones. It compares files, so untracked pages count too.
func compare(ctx context.Context, work, current, generated string) error {
	const before, after = "current", "generated"
	dir := filepath.Join(work, "diff")
	if err := os.CopyFS(filepath.Join(dir, after), os.DirFS(generated)); err != nil {
		return err
	}
	err := os.CopyFS(filepath.Join(dir, before), os.DirFS(current))
	if errors.Is(err, fs.ErrNotExist) {
		err = os.MkdirAll(filepath.Join(dir, before), 0o700)
	}
	if err != nil {
		return err
	}
	diff := exec.CommandContext(ctx, "git", "--no-pager", "diff", "--no-index", "--no-ext-diff", before, after)
	diff.Dir, diff.Stdout, diff.Stderr = dir, os.Stdout, os.Stderr
	err = diff.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 {
		return errStale
	}
	return err
}

// command runs a program and returns its standard output. The error of a failure includes all output.
func command(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // only the programs that this package names
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(name), strings.Join(args, " "), err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.Bytes(), nil
}
