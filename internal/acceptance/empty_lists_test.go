package acceptance_test

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// A collectionVariable is a variable of a published root module or module that a caller may give nothing in.
type collectionVariable struct {
	// folder is under the root of the tree.
	folder, name string
	// empty is a value with nothing in it.
	empty string
	// others are the names of the folder's further variables.
	others []string
}

var (
	variableBlock = regexp.MustCompile(`(?ms)^variable "(\w+)" \{(.*?)\n\}`)
	variableType  = regexp.MustCompile(`(?m)^ {2}type += +(\w+)`)
)

// collectionVariables are all that are published, and how many variables there are in all.
func collectionVariables(t *testing.T, folder string) (found []collectionVariable, all int) {
	t.Helper()
	empty := map[string]string{"list": "[]", "set": "[]", "tuple": "[]", "any": "[]", "map": "{}", "object": "{}"}
	for name, file := range published(t, folder) {
		if path.Ext(name) != ".tf" {
			continue
		}
		blocks := variableBlock.FindAllStringSubmatch(string(file.Data), -1)
		all += len(blocks)
		for i, block := range blocks {
			kind := variableType.FindStringSubmatch(block[2])
			if kind == nil {
				t.Errorf("%s/%s: the variable %s has no type", folder, name, block[1])
				continue
			}
			if empty[kind[1]] == "" {
				continue
			}
			variable := collectionVariable{folder: path.Join(folder, path.Dir(name)), name: block[1], empty: empty[kind[1]]}
			for _, other := range slices.Delete(slices.Clone(blocks), i, i+1) {
				variable.others = append(variable.others, other[1])
			}
			found = append(found, variable)
		}
	}
	return found, all
}

// TestNothingIsNeverOpen gives nothing in each variable of what is published that takes a list or a map, while all that could be looked
// at is good: no plan ends with exit code 0. A new folder is tested as soon as it is there.
func TestNothingIsNeverOpen(t *testing.T) {
	t.Parallel()
	values := map[string]string{"order_id": exampleID, "workspace_id": workspaceID, "instance_id": instanceID}
	box := newSandbox(t)
	cloud := newCloud(t, finishedOrder, jobsAre(jobs(0, 5)), tasksAre(tasks(12, 0)))
	found := 0
	for _, folder := range []string{"examples", "modules"} {
		variables, all := collectionVariables(t, folder)
		if all == 0 {
			t.Errorf("%s has no variables", folder)
		}
		for _, variable := range variables {
			found++
			t.Run(variable.folder+"/"+variable.name, func(t *testing.T) {
				t.Parallel()
				arguments := "  " + variable.name + " = " + variable.empty + "\n"
				for _, other := range variable.others {
					if value, ok := values[other]; ok {
						arguments += "  " + other + " = \"" + value + "\"\n"
					}
				}
				name := "nothing-in-" + strings.ReplaceAll(variable.folder, "/", "-") + "-" + variable.name
				root := fstest.MapFS{"main.tf": {Data: []byte(terraformBlock + "provider \"hwgate\" {}\nmodule \"gate\" {\n  source = \"./gate\"\n" + arguments + "}\n")}}
				if folder == "examples" {
					root = published(t, strings.Split(variable.folder, "/")...)
					root["given.auto.tfvars"] = &fstest.MapFile{Data: []byte(arguments)}
				} else {
					for file, content := range published(t, strings.Split(variable.folder, "/")...) {
						root["gate/"+file] = content
					}
				}
				initialize(t, box, name, withOverride(root))
				out, err := terraform(t, name, []string{"TF_VAR_stand_in=" + cloud.URL}, append(slices.Clip(planning), "-no-color")...)
				refused := regexp.MustCompile(`Error: (Invalid value for variable|Resource postcondition failed)`).Match(out)
				if code := exitCode(t, err); code != 1 || !refused {
					t.Errorf("exit code %d, want 1 and a reason\n%s", code, out)
				}
			})
		}
	}
	if found < 2 {
		t.Errorf("found %d variables that take a list or a map", found)
	}
}

// TestListsInPages wants every variable of a list in the code of a page to refuse an empty one.
func TestListsInPages(t *testing.T) {
	t.Parallel()
	read := 0
	for _, folder := range []string{"docs", "templates", "examples", "modules"} {
		for name, file := range published(t, folder) {
			if path.Ext(name) != ".md" && path.Ext(name) != ".tmpl" {
				continue
			}
			for _, block := range variableBlock.FindAllStringSubmatch(string(file.Data), -1) {
				read++
				if kind := variableType.FindStringSubmatch(block[2]); len(kind) == 2 && slices.Contains([]string{"list", "set", "tuple"}, kind[1]) &&
					!wrapped("validation { condition = length(var."+block[1]+") > 0").MatchString(block[2]) {
					t.Errorf("%s/%s: the variable %s takes an empty list", folder, name, block[1])
				}
			}
		}
	}
	if read == 0 {
		t.Error("no page has a variable")
	}
}
