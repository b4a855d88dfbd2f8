package provider_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// process is a configured provider inside the test, without a CLI: fit for a fake clock, for benchmarks, and for forms that the CLI at hand
// may be too old to run.
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

// open opens an ephemeral resource and gives its attributes, and what the user is told.
func (p *process) open(
	ctx context.Context, t testing.TB, name string, arguments map[string]tftypes.Value,
) (map[string]tftypes.Value, []*tfprotov6.Diagnostic) {
	t.Helper()
	schema := p.schemas.EphemeralResourceSchemas[name]
	resp, err := p.server.OpenEphemeralResource(ctx, &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: name, Config: dynamic(t, schema, arguments),
	})
	if err != nil {
		t.Fatal(err)
	}
	attributes := map[string]tftypes.Value{}
	if !failed(resp.Diagnostics) {
		result, err := resp.Result.Unmarshal(schema.ValueType())
		if err != nil {
			t.Fatal(err)
		}
		if err := result.As(&attributes); err != nil {
			t.Fatal(err)
		}
	}
	return attributes, resp.Diagnostics
}

// invoke invokes an action. It gives the lines of progress to a receiver and returns what the user is told in the end.
func (p *process) invoke(
	ctx context.Context, t testing.TB, name string, arguments map[string]tftypes.Value, take func(line string),
) []*tfprotov6.Diagnostic {
	t.Helper()
	stream, err := p.actions(t).InvokeAction(ctx, &tfprotov6.InvokeActionRequest{
		ActionType: name, Config: dynamic(t, p.schemas.ActionSchemas[name].Schema, arguments),
	})
	if err != nil {
		t.Fatal(err)
	}
	var diagnostics []*tfprotov6.Diagnostic
	for event := range stream.Events {
		switch event := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			take(event.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			diagnostics = event.Diagnostics
		}
	}
	return diagnostics
}

// actions is the part of the protocol that came with actions.
func (p *process) actions(t testing.TB) tfprotov6.ActionServer {
	t.Helper()
	server, ok := p.server.(tfprotov6.ActionServer)
	if !ok {
		t.Fatal("the provider has no actions")
	}
	return server
}

// look has a form look once: what the user is told, and for forms with results the attributes.
func (p *process) look(
	ctx context.Context, t testing.TB, form, name string, arguments map[string]tftypes.Value,
) (map[string]tftypes.Value, []*tfprotov6.Diagnostic) {
	t.Helper()
	switch form {
	case "data source":
		return p.read(ctx, t, name, arguments)
	case "ephemeral resource":
		return p.open(ctx, t, name, arguments)
	default:
		return nil, p.invoke(ctx, t, name, arguments, func(string) {})
	}
}

func failed(diagnostics []*tfprotov6.Diagnostic) bool {
	return slices.ContainsFunc(diagnostics, func(d *tfprotov6.Diagnostic) bool { return d.Severity == tfprotov6.DiagnosticSeverityError })
}

// formsOf are the forms of a source, each with the name of its time limit.
func formsOf(source string) map[string]string {
	forms := map[string]string{"data source": "read", "ephemeral resource": "open"}
	if slices.Contains(actionNames, source) {
		forms["action"] = "invoke"
	}
	return forms
}

// limitOf is the block timeouts of a form.
func limitOf(operation, limit string) tftypes.Value {
	kind := tftypes.Object{AttributeTypes: map[string]tftypes.Type{operation: tftypes.String}}
	return tftypes.NewValue(kind, map[string]tftypes.Value{operation: str(limit)})
}

// inMemory starts a provider that a service answers in this process.
func inMemory(t *testing.T, svc *cloudtest.Service) *process {
	t.Helper()
	return start(t, provider.Options{WrapTransport: svc.Transport}, keyed(map[string]tftypes.Value{
		"region": str("cn-north-4"), "endpoints": endpointsOf("https://service.test"),
	}))
}

// readOnFakeClock reads from a service on a fake clock: no wait takes time.
func readOnFakeClock(
	t *testing.T, svc *cloudtest.Service, source string, arguments map[string]tftypes.Value,
) (map[string]tftypes.Value, []*tfprotov6.Diagnostic) {
	t.Helper()
	p := start(t, provider.Options{WrapTransport: svc.Transport}, keyed(map[string]tftypes.Value{"region": str("cn-north-4")}))
	return p.read(t.Context(), t, source, arguments)
}
