// Command schemajson prints the schemas of the provider in the format of `terraform providers schema -json`, for the generator of the
// documentation. It asks the provider itself, since an older CLI prints no ephemeral resources or actions.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

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
	actions := map[string]*tfprotov6.Schema{}
	for name, action := range schemas.ActionSchemas {
		actions[name] = action.Schema
	}
	printed := document{
		FormatVersion: "1.0", Providers: map[string]providerSchemas{"registry.terraform.io/hwgate/hwgate": {
			Provider: schemaOf(schemas.Provider), DataSources: schemasOf(schemas.DataSourceSchemas),
			EphemeralResources: schemasOf(schemas.EphemeralResourceSchemas), Actions: schemasOf(actions),
		}},
	}
	return json.NewEncoder(os.Stdout).Encode(printed)
}

type document struct {
	FormatVersion string                     `json:"format_version"`
	Providers     map[string]providerSchemas `json:"provider_schemas"`
}

type providerSchemas struct {
	Provider           schema            `json:"provider"`
	DataSources        map[string]schema `json:"data_source_schemas"`
	EphemeralResources map[string]schema `json:"ephemeral_resource_schemas"`
	Actions            map[string]schema `json:"action_schemas"`
}

type schema struct {
	Version int64 `json:"version"`
	Block   block `json:"block"`
}

type block struct {
	Attributes      map[string]attribute   `json:"attributes,omitempty"`
	Blocks          map[string]nestedBlock `json:"block_types,omitempty"`
	Description     string                 `json:"description,omitempty"`
	DescriptionKind string                 `json:"description_kind,omitempty"`
}

type nestedBlock struct {
	NestingMode string `json:"nesting_mode"`
	Block       block  `json:"block"`
}

type attribute struct {
	Type            json.RawMessage `json:"type,omitempty"`
	NestedType      *nestedType     `json:"nested_type,omitempty"`
	Description     string          `json:"description,omitempty"`
	DescriptionKind string          `json:"description_kind,omitempty"`
	Required        bool            `json:"required,omitempty"`
	Optional        bool            `json:"optional,omitempty"`
	Computed        bool            `json:"computed,omitempty"`
	Sensitive       bool            `json:"sensitive,omitempty"`
}

type nestedType struct {
	Attributes  map[string]attribute `json:"attributes"`
	NestingMode string               `json:"nesting_mode"`
}

func schemasOf(all map[string]*tfprotov6.Schema) map[string]schema {
	converted := map[string]schema{}
	for name, s := range all {
		converted[name] = schemaOf(s)
	}
	return converted
}

func schemaOf(s *tfprotov6.Schema) schema { return schema{s.Version, blockOf(s.Block)} }

func blockOf(b *tfprotov6.SchemaBlock) block {
	converted := block{
		Attributes: attributesOf(b.Attributes), Blocks: map[string]nestedBlock{},
		Description: b.Description, DescriptionKind: kind(b.DescriptionKind),
	}
	for _, nested := range b.BlockTypes {
		converted.Blocks[nested.TypeName] = nestedBlock{strings.ToLower(nested.Nesting.String()), blockOf(nested.Block)}
	}
	return converted
}

func attributesOf(all []*tfprotov6.SchemaAttribute) map[string]attribute {
	converted := map[string]attribute{}
	for _, a := range all {
		made := attribute{
			Description: a.Description, DescriptionKind: kind(a.DescriptionKind),
			Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive,
		}
		if a.NestedType != nil {
			made.NestedType = &nestedType{attributesOf(a.NestedType.Attributes), strings.ToLower(a.NestedType.Nesting.String())}
		} else if encoded, err := a.Type.MarshalJSON(); err == nil { //nolint:staticcheck // the protocol sends types in this very form
			made.Type = encoded
		}
		converted[a.Name] = made
	}
	return converted
}

func kind(k tfprotov6.StringKind) string {
	if k == tfprotov6.StringKindMarkdown {
		return "markdown"
	}
	return "plain"
}
