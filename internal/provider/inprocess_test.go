package provider_test

import (
	"context"
	"maps"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

// process is a configured provider inside the test, without a CLI: fit for a fake clock, and for benchmarks.
type process struct {
	server  tfprotov6.ProviderServer
	schemas *tfprotov6.GetProviderSchemaResponse
}

// fetchedSchemas are the same for all providers. To ask for them takes longer than a read.
var fetchedSchemas = sync.OnceValues(func() (*tfprotov6.GetProviderSchemaResponse, error) {
	return provider.NewServer(provider.Options{})().GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
})

// start configures a provider with the arguments given; all others are null.
func start(t testing.TB, options provider.Options, arguments map[string]tftypes.Value) *process {
	t.Helper()
	if options.Getenv == nil {
		options.Getenv = func(string) string { return "" }
	}
	schemas, err := fetchedSchemas()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{server: provider.NewServer(options)(), schemas: schemas}
	resp, err := p.server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.11.4", Config: dynamic(t, p.schemas.Provider, arguments),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, diagnostic := range resp.Diagnostics {
		t.Errorf("configuring: %s: %s", diagnostic.Summary, diagnostic.Detail)
	}
	return p
}

// read reads a data source and gives its attributes, and what the user is told.
func (p *process) read(
	ctx context.Context, t testing.TB, name string, arguments map[string]tftypes.Value,
) (map[string]tftypes.Value, []*tfprotov6.Diagnostic) {
	t.Helper()
	schema := p.schemas.DataSourceSchemas[name]
	resp, err := p.server.ReadDataSource(ctx, &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: dynamic(t, schema, arguments)})
	if err != nil {
		t.Fatal(err)
	}
	attributes := map[string]tftypes.Value{}
	if resp.State != nil {
		state, err := resp.State.Unmarshal(schema.ValueType())
		if err != nil {
			t.Fatal(err)
		}
		if err := state.As(&attributes); err != nil {
			t.Fatal(err)
		}
	}
	return attributes, resp.Diagnostics
}

// dynamic makes a configuration of some arguments, with null for all others.
func dynamic(t testing.TB, schema *tfprotov6.Schema, arguments map[string]tftypes.Value) *tfprotov6.DynamicValue {
	t.Helper()
	object, ok := schema.ValueType().(tftypes.Object)
	if !ok {
		t.Fatalf("the schema is of type %s", schema.ValueType())
	}
	all := map[string]tftypes.Value{}
	for name, kind := range object.AttributeTypes {
		all[name] = tftypes.NewValue(kind, nil)
	}
	maps.Copy(all, arguments)
	value, err := tfprotov6.NewDynamicValue(object, tftypes.NewValue(object, all))
	if err != nil {
		t.Fatal(err)
	}
	return &value
}

// Short forms of values for configurations.
func str(text string) tftypes.Value    { return tftypes.NewValue(tftypes.String, text) }
func integer(number int) tftypes.Value { return tftypes.NewValue(tftypes.Number, number) }

// endpointsOf sends all services to one address.
func endpointsOf(address string) tftypes.Value {
	return tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{
		"coc": str(address), "dataarts": str(address), "roma": str(address), "iam": str(address), "sts": str(address),
	})
}

// role is the block assume_role, with the account under one of its two names.
func role(account string) tftypes.Value {
	return block(map[string]tftypes.Value{"agency_name": str("agency"), account: str("account")}, "agency_name", "domain_name", "domain_id")
}

// oidcRole is the block assume_role_with_oidc.
func oidcRole() tftypes.Value {
	return block(map[string]tftypes.Value{
		"agency_name": str("agency"), "domain_id": str("account"), "idp_id": str("idp"), "id_token": str(identityToken),
	}, "agency_name", "domain_id", "idp_id", "id_token", "id_token_file")
}

const identityToken = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwbGFudGVkIn0.planted"

// block is a block of strings and a duration, which is omitted.
func block(values map[string]tftypes.Value, names ...string) tftypes.Value {
	kinds, all := map[string]tftypes.Type{"duration": tftypes.Number}, map[string]tftypes.Value{"duration": tftypes.NewValue(tftypes.Number, nil)}
	for _, name := range names {
		kinds[name], all[name] = tftypes.String, tftypes.NewValue(tftypes.String, nil)
	}
	maps.Copy(all, values)
	return tftypes.NewValue(tftypes.Object{AttributeTypes: kinds}, all)
}
