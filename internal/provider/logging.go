package provider

import (
	"context"
	"log/slog"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// newLogger returns a logger that writes to Terraform's log, through the context of the read.
func newLogger() *slog.Logger { return slog.New(tflogHandler{}) }

type tflogHandler struct{}

func (tflogHandler) Enabled(context.Context, slog.Level) bool { return true }

func (tflogHandler) Handle(ctx context.Context, record slog.Record) error {
	fields := map[string]any{}
	record.Attrs(func(attribute slog.Attr) bool {
		fields[attribute.Key] = attribute.Value.Any()
		return true
	})
	if record.Level >= slog.LevelInfo {
		tflog.Info(ctx, record.Message, fields)
	} else {
		tflog.Debug(ctx, record.Message, fields)
	}
	return nil
}

// Neither client nor gate uses groups or preset attributes.
func (h tflogHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h tflogHandler) WithGroup(string) slog.Handler      { return h }
