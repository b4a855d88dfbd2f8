package provider

import (
	"context"
	"log/slog"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// newLogger gives a logger that writes to Terraform's log. The framework keeps the logger of a read in its context.
func newLogger() *slog.Logger { return slog.New(tflogHandler{}) }

type tflogHandler struct{}

func (tflogHandler) Enabled(context.Context, slog.Level) bool { return true }

func (tflogHandler) Handle(ctx context.Context, record slog.Record) error {
	attributes := map[string]any{}
	record.Attrs(func(attribute slog.Attr) bool {
		attributes[attribute.Key] = attribute.Value.Any()
		return true
	})
	if record.Level >= slog.LevelInfo {
		tflog.Info(ctx, record.Message, attributes)
	} else {
		tflog.Debug(ctx, record.Message, attributes)
	}
	return nil
}

// The client and the waiter give each record its attributes; they neither group nor preset any.
func (h tflogHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h tflogHandler) WithGroup(string) slog.Handler      { return h }
