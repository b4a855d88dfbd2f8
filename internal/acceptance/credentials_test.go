package acceptance_test

import (
	"fmt"
	"testing"
	"testing/fstest"
)

// TestDestroyWithoutCredential applies with a key, and destroys without any: nothing is asked, and nothing stands in the way.
func TestDestroyWithoutCredential(t *testing.T) {
	t.Parallel()
	var box = newSandbox(t)
	cloud := newCloud(t, always(map[string]string{exampleOrder: `{"data":{"status":"PROCESSING"}}`}))
	configuration := terraformBlock + fmt.Sprintf(`
provider "hwgate" {
  region    = "cn-north-4"
  endpoints = { coc = %q }
}
resource "terraform_data" "next" {
  input = data.coc_script_order.test.outcome
}
`, cloud.URL) + exampleData("")
	if err := box.Write("destroy", fstest.MapFS{"main.tf": {Data: []byte(configuration)}}); err != nil {
		t.Fatal(err)
	}
	keys := []string{"HW_ACCESS_KEY=" + accessKey, "HW_SECRET_KEY=" + secretKey}
	for _, command := range []struct {
		environment []string
		arguments   []string
	}{
		{nil, []string{"init"}},
		{keys, []string{"apply", "-auto-approve"}},
		{nil, []string{"destroy", "-auto-approve", "-refresh=false"}},
	} {
		before := len(cloud.Log())
		out, err := box.Run(t.Context(), "destroy", command.environment, append(command.arguments, "-no-color", "-input=false")...)
		if err != nil {
			t.Fatalf("%s: %v\n%s", command.arguments, err, out)
		}
		if sent := len(cloud.Log()) - before; (sent > 0) != (command.environment != nil) {
			t.Errorf("%s sent %d requests", command.arguments, sent)
		}
	}
}
