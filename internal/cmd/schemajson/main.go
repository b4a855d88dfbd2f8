// Command schemajson prints the schemas of the provider in the format of `terraform providers schema -json`, for the generator of the
// documentation. It asks the provider itself, since an older CLI prints no ephemeral resources or actions.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/hwgate/terraform-provider-hwgate/internal/provider"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "schemajson:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	server := provider.NewServer(provider.Options{Getenv: func(string) string { return "" }})()
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return err
	}
	actions := map[string]*tfjson.ActionSchema{}
	for name, action := range schemas.ActionSchemas {
		actions[name] = &tfjson.ActionSchema{Block: blockOf(action.Schema.Block)}
	}
	return json.NewEncoder(os.Stdout).Encode(tfjson.ProviderSchemas{
		FormatVersion: "1.0", Schemas: map[string]*tfjson.ProviderSchema{"registry.terraform.io/hwgate/hwgate": {
			ConfigSchema: schemaOf(schemas.Provider), DataSourceSchemas: schemasOf(schemas.DataSourceSchemas),
			EphemeralResourceSchemas: schemasOf(schemas.EphemeralResourceSchemas), ActionSchemas: actions,
		}},
	})
}

func schemasOf(all map[string]*tfprotov6.Schema) map[string]*tfjson.Schema {
	converted := map[string]*tfjson.Schema{}
	for name, s := range all {
		converted[name] = schemaOf(s)
	}
	return converted
}

func schemaOf(s *tfprotov6.Schema) *tfjson.Schema {
	return &tfjson.Schema{Version: uint64(s.Version), Block: blockOf(s.Block)} //nolint:gosec // versions are not negative
}

func blockOf(b *tfprotov6.SchemaBlock) *tfjson.SchemaBlock {
	converted := &tfjson.SchemaBlock{
		Attributes: attributesOf(b.Attributes), NestedBlocks: map[string]*tfjson.SchemaBlockType{},
		Description: b.Description, DescriptionKind: kind(b.DescriptionKind),
	}
	for _, nested := range b.BlockTypes {
		mode := tfjson.SchemaNestingMode(strings.ToLower(nested.Nesting.String()))
		converted.NestedBlocks[nested.TypeName] = &tfjson.SchemaBlockType{NestingMode: mode, Block: blockOf(nested.Block)}
	}
	return converted
}

func attributesOf(all []*tfprotov6.SchemaAttribute) map[string]*tfjson.SchemaAttribute {
	converted := map[string]*tfjson.SchemaAttribute{}
	for _, a := range all {
		made := &tfjson.SchemaAttribute{
			Description: a.Description, DescriptionKind: kind(a.DescriptionKind),
			Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive,
		}
		if a.NestedType != nil {
			mode := tfjson.SchemaNestingMode(strings.ToLower(a.NestedType.Nesting.String()))
			made.AttributeNestedType = &tfjson.SchemaNestedAttributeType{Attributes: attributesOf(a.NestedType.Attributes), NestingMode: mode}
		} else if encoded, err := a.Type.MarshalJSON(); err == nil { //nolint:staticcheck // the protocol sends types in this very form
			_ = made.AttributeType.UnmarshalJSON(encoded)
		}
		converted[a.Name] = made
	}
	return converted
}

func kind(k tfprotov6.StringKind) tfjson.SchemaDescriptionKind {
	if k == tfprotov6.StringKindMarkdown {
		return tfjson.SchemaDescriptionKindMarkdown
	}
	return tfjson.SchemaDescriptionKindPlain
}
