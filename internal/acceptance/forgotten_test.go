package acceptance_test

import (
	"strings"
	"testing"
	"testing/fstest"
)

// TestForgottenProvider holds the troubleshooting guide to what each command says of a block without `provider = hwgate`.
func TestForgottenProvider(t *testing.T) {
	t.Parallel()
	box := newSandbox(t)
	const folder = "forgotten"
	run := func(command string) (string, error) {
		out, err := box.Run(t.Context(), folder, []string{"HW_AUTH_TOKEN=token", "TF_VAR_order=good"}, command, "-no-color")
		return string(out), err
	}
	err := box.Write(folder, matrixConfiguration("http://127.0.0.1:1", matrixKind{}))
	if err == nil {
		_, err = run("init")
	}
	if err == nil {
		err = box.Write(folder, fstest.MapFS{"more.tf": {Data: []byte("data \"coc_script_order\" \"more\" {\n  execute_uuid = var.order\n}\n")}})
	}
	if err != nil {
		t.Fatal(err)
	}
	guide := readExample(t, "..", "templates", "guides", "troubleshooting.md.tmpl")
	_, section, _ := strings.Cut(guide, "\n## The provider is forgotten\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for command, message := range map[string]string{
		"init":     "Failed to query available provider packages",
		"validate": "Missing required provider",
		"plan":     "Inconsistent dependency lock file",
	} {
		out, err := run(command)
		if code := exitCode(t, err); code != 1 || !strings.Contains(out, "Error: "+message) || !strings.Contains(out, "hashicorp/coc") {
			t.Errorf("terraform %s: exit code %d, want 1 and %q\n%s", command, code, message, out)
		}
		if !strings.Contains(section, "`"+message+"`") || !strings.Contains(section, "`terraform "+command+"`") {
			t.Errorf("the guide lacks %q of %s", message, command)
		}
	}
}
