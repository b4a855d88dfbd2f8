package provider

import (
	"maps"

	actionschema "github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	ephemeralschema "github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// The attributes of a source are written once, as a data source's. The framework has types of their own for each form, so the other
// two are converted. A type that is missing here is omitted, which the test of the three forms' schemas finds.

func ephemeralAttributes(shared map[string]schema.Attribute) map[string]ephemeralschema.Attribute {
	converted := map[string]ephemeralschema.Attribute{}
	for name, attribute := range shared {
		switch a := attribute.(type) {
		case schema.StringAttribute:
			converted[name] = ephemeralschema.StringAttribute(a)
		case schema.BoolAttribute:
			converted[name] = ephemeralschema.BoolAttribute(a)
		case schema.Int64Attribute:
			converted[name] = ephemeralschema.Int64Attribute(a)
		case schema.NumberAttribute:
			converted[name] = ephemeralschema.NumberAttribute(a)
		case schema.Float64Attribute:
			converted[name] = ephemeralschema.Float64Attribute(a)
		case schema.MapAttribute:
			converted[name] = ephemeralschema.MapAttribute(a)
		case schema.ListAttribute:
			converted[name] = ephemeralschema.ListAttribute(a)
		case schema.ListNestedAttribute:
			converted[name] = ephemeralschema.ListNestedAttribute{
				NestedObject: ephemeralschema.NestedAttributeObject{Attributes: ephemeralAttributes(a.NestedObject.Attributes)},
				Computed:     a.Computed, MarkdownDescription: a.MarkdownDescription,
			}
		case schema.SingleNestedAttribute:
			converted[name] = ephemeralschema.SingleNestedAttribute{
				Attributes: ephemeralAttributes(a.Attributes), Computed: a.Computed, MarkdownDescription: a.MarkdownDescription,
			}
		}
	}
	return converted
}

// notInActions are arguments that mean nothing to an action: it always waits, and a wait that ends without success is its error.
var notInActions = map[string]bool{
	"wait_for_completion": true, "wait_until_healthy": true, "continue_on_timeout": true, "ignore_not_found": true, "log_tail_bytes": true,
}

// actionArguments are the arguments among the attributes of a source: an action has no results.
func actionArguments(shared map[string]schema.Attribute) map[string]actionschema.Attribute {
	converted := map[string]actionschema.Attribute{}
	for name, attribute := range shared {
		if notInActions[name] || (!attribute.IsRequired() && !attribute.IsOptional()) {
			continue
		}
		switch a := attribute.(type) {
		case schema.StringAttribute:
			converted[name] = actionschema.StringAttribute{
				Required: a.Required, Optional: a.Optional, Validators: a.Validators,
				Description: a.Description, MarkdownDescription: a.MarkdownDescription,
			}
		case schema.BoolAttribute:
			converted[name] = actionschema.BoolAttribute{Optional: a.Optional, MarkdownDescription: a.MarkdownDescription}
		case schema.NumberAttribute:
			converted[name] = actionschema.NumberAttribute{
				Optional: a.Optional, Validators: a.Validators, MarkdownDescription: a.MarkdownDescription,
			}
		case schema.MapAttribute:
			converted[name] = actionschema.MapAttribute{
				ElementType: a.ElementType, Optional: a.Optional, Validators: a.Validators, MarkdownDescription: a.MarkdownDescription,
			}
		}
	}
	return converted
}

// attributes joins attribute sets. Each name is in one of them only.
func attributes(sets ...map[string]schema.Attribute) map[string]schema.Attribute {
	all := map[string]schema.Attribute{}
	for _, set := range sets {
		maps.Copy(all, set)
	}
	return all
}

// Arguments that may be omitted.

func optionalString(form validator.String, description string) schema.Attribute {
	return schema.StringAttribute{Optional: true, Validators: []validator.String{form}, MarkdownDescription: description}
}

func optionalBool(description string) schema.Attribute {
	return schema.BoolAttribute{Optional: true, MarkdownDescription: description}
}

func optionalNumber(bounds wholeNumber, description string) schema.Attribute {
	return schema.NumberAttribute{Optional: true, Validators: []validator.Number{bounds}, MarkdownDescription: description}
}

func requiredString(form validator.String, description string) schema.Attribute {
	return schema.StringAttribute{Required: true, Validators: []validator.String{form}, MarkdownDescription: description}
}

// Results. A raw field of an API is null when the answer leaves it out.

func computedString(description string) schema.Attribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

func secretString(description string) schema.Attribute {
	return schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: description}
}

func computedInt64(description string) schema.Attribute {
	return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
}

func computedBool(description string) schema.Attribute {
	return schema.BoolAttribute{Computed: true, MarkdownDescription: description}
}

func computedFloat64(description string) schema.Attribute {
	return schema.Float64Attribute{Computed: true, MarkdownDescription: description}
}

func computedList(elements attr.Type, description string) schema.Attribute {
	return schema.ListAttribute{Computed: true, ElementType: elements, MarkdownDescription: description}
}

func computedObject(description string, attributes map[string]schema.Attribute) schema.Attribute {
	return schema.SingleNestedAttribute{Computed: true, MarkdownDescription: description, Attributes: attributes}
}

func computedObjects(description string, attributes map[string]schema.Attribute) schema.Attribute {
	return schema.ListNestedAttribute{
		Computed: true, MarkdownDescription: description, NestedObject: schema.NestedAttributeObject{Attributes: attributes},
	}
}
