package provider_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	fwprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	fwschema "github.com/hashicorp/terraform-plugin-framework/provider/schema"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

// schemas gives the schema of every data source by its type name.
func schemas(t *testing.T, options provider.Options) map[string]schema.Schema {
	t.Helper()
	found := map[string]schema.Schema{}
	for _, construct := range provider.New(options)().DataSources(context.Background()) {
		source := construct()
		var name datasource.MetadataResponse
		source.Metadata(t.Context(), datasource.MetadataRequest{ProviderTypeName: "hwgate"}, &name)
		var described datasource.SchemaResponse
		source.Schema(t.Context(), datasource.SchemaRequest{}, &described)
		if described.Diagnostics.HasError() {
			t.Fatal(described.Diagnostics)
		}
		found[name.TypeName] = described.Schema
	}
	return found
}

func schemaOf(t *testing.T, options provider.Options, name string) schema.Schema {
	t.Helper()
	found, ok := schemas(t, options)[name]
	if !ok {
		t.Fatalf("there is no data source %s", name)
	}
	return found
}

func TestSchemasAreValidAndDescribed(t *testing.T) {
	t.Parallel()
	for name, described := range schemas(t, provider.Options{}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diags := described.ValidateImplementation(t.Context()); diags.HasError() {
				t.Error(diags)
			}
			assertSentence(t, name, described.MarkdownDescription)
			assertDescribed(t, name, described.Attributes)
			for key, block := range described.Blocks {
				nested, ok := block.(schema.SingleNestedBlock)
				if !ok {
					t.Fatalf("%s.%s is a block of another kind", name, key)
				}
				assertSentence(t, name+"."+key, nested.MarkdownDescription)
			}
		})
	}
}

func assertDescribed(t *testing.T, at string, attributes map[string]schema.Attribute) {
	t.Helper()
	for name, attribute := range attributes {
		assertSentence(t, at+"."+name, attribute.GetMarkdownDescription())
		switch nested := attribute.(type) {
		case schema.SingleNestedAttribute:
			assertDescribed(t, at+"."+name, nested.Attributes)
		case schema.ListNestedAttribute:
			assertDescribed(t, at+"."+name, nested.NestedObject.Attributes)
		}
	}
}

// assertSentence wants a description that ends in a period.
func assertSentence(t *testing.T, at, description string) {
	t.Helper()
	if !strings.HasSuffix(description, ".") {
		t.Errorf("%s: the description %q is not a sentence", at, description)
	}
}

// TestSensitiveFields lists what is sensitive of what is read: what people and scripts write. Nothing that goes into a message is.
func TestSensitiveFields(t *testing.T) {
	t.Parallel()
	for name, described := range schemas(t, provider.Options{}) {
		got := slices.Sorted(slices.Values(sensitiveFields("", described.Attributes)))
		if want := factsOf(t, name).sensitive; !slices.Equal(got, want) {
			t.Errorf("sensitive of %s are %v, want %v", name, got, want)
		}
	}
}

func sensitiveFields(at string, attributes map[string]schema.Attribute) []string {
	var found []string
	for name, attribute := range attributes {
		path := strings.TrimPrefix(at+"."+name, ".")
		if attribute.IsSensitive() {
			found = append(found, path)
		}
		switch nested := attribute.(type) {
		case schema.SingleNestedAttribute:
			found = append(found, sensitiveFields(path, nested.Attributes)...)
		case schema.ListNestedAttribute:
			found = append(found, sensitiveFields(path, nested.NestedObject.Attributes)...)
		}
	}
	return found
}

func TestProviderSchemaIsValidAndDescribed(t *testing.T) {
	t.Parallel()
	var described fwprovider.SchemaResponse
	provider.New(provider.Options{})().Schema(t.Context(), fwprovider.SchemaRequest{}, &described)
	if diags := described.Schema.ValidateImplementation(t.Context()); diags.HasError() {
		t.Error(diags)
	}
	all := map[string]fwschema.Attribute{}
	maps.Copy(all, described.Schema.Attributes)
	for name, block := range described.Schema.Blocks {
		nested, ok := block.(fwschema.SingleNestedBlock)
		if !ok {
			t.Fatalf("%s is a block of another kind", name)
		}
		assertSentence(t, name, nested.MarkdownDescription)
		for argument, attribute := range nested.Attributes {
			all[name+"."+argument] = attribute
		}
	}
	for name, attribute := range all {
		assertSentence(t, name, attribute.GetMarkdownDescription())
	}
	for _, secret := range []string{
		"access_key", "secret_key", "security_token", "token", "password", "assume_role_with_oidc.id_token",
	} {
		if !all[secret].IsSensitive() {
			t.Errorf("%s is not sensitive", secret)
		}
	}
}
