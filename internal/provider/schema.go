package provider

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// Attributes are those of a data source; the framework accepts them in the schemas of the other forms as well.

func mergeAttributes(sets ...map[string]schema.Attribute) map[string]schema.Attribute {
	all := map[string]schema.Attribute{}
	for _, set := range sets {
		maps.Copy(all, set)
	}
	return all
}

func optionalString(format validator.String, description string) schema.Attribute {
	return schema.StringAttribute{Optional: true, Validators: []validator.String{format}, MarkdownDescription: description}
}

func optionalBool(description string) schema.Attribute {
	return schema.BoolAttribute{Optional: true, MarkdownDescription: description}
}

func optionalNumber(bounds wholeNumber, description string) schema.Attribute {
	return schema.NumberAttribute{Optional: true, Validators: []validator.Number{bounds}, MarkdownDescription: description}
}

func requiredString(format validator.String, description string) schema.Attribute {
	return schema.StringAttribute{Required: true, Validators: []validator.String{format}, MarkdownDescription: description}
}

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
