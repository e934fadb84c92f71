package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logOptions say how a daemon logs. It does so to standard error.
type logOptions struct {
	level  zapcore.Level
	format string
}

func (l *logOptions) register(flags *pflag.FlagSet, level zapcore.Level) {
	l.level = level
	flags.Var(logLevel{&l.level}, "log-level", "debug, info, warn or error")
	flags.StringVar(&l.format, "log-format", "console", "console or json")
}

func (l *logOptions) complete(cmd *cobra.Command) {
	choices(cmd, "log-level", []string{"debug", "info", "warn", "error"})
	choices(cmd, "log-format", []string{"console", "json"})
}

// logLevel is a pflag.Value.
type logLevel struct{ level *zapcore.Level }

func (l logLevel) Set(text string) error { return l.level.Set(text) }
func (l logLevel) Type() string          { return "LEVEL" }
func (l logLevel) String() string        { return l.level.String() }

func (a *app) logger(l logOptions) (*zap.Logger, error) {
	cfg := zap.NewProductionEncoderConfig()
	cfg.EncodeTime = zapcore.ISO8601TimeEncoder
	cfg.EncodeDuration = zapcore.StringDurationEncoder
	var encoder zapcore.Encoder
	switch l.format {
	case "json":
		encoder = zapcore.NewJSONEncoder(cfg)
	case "console":
		cfg.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder(cfg)
	default:
		return nil, usagef("--log-format %q: expected console or json", l.format)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(a.err)), l.level)), nil
}
