package main

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fairlead/internal/strictyaml"
)

// explainUsage makes every command below cmd say in our words what is wrong
// with its arguments, and commands that only hold others refuse what none of
// them is called.
func explainUsage(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		explainUsage(sub)
	}
	if !cmd.HasParent() {
		return
	}
	if cmd.HasSubCommands() {
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownCommand(cmd, args[0])
		}
		return
	}
	check := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if check == nil || check(cmd, args) == nil {
			return nil
		}
		_, takes, _ := strings.Cut(cmd.Use, " ")
		name := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
		if takes == "" {
			return usagef("%s takes no argument, got %q\nSee '%s --help'", name, args[0], cmd.CommandPath())
		}
		return usagef("%s takes %s, got %s\nSee '%s --help'", name, takes, countOf(len(args), "argument"), cmd.CommandPath())
	}
}

// helpRefuses makes 'help' refuse what no command is called.
func helpRefuses(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, _ := root.Find([]string{"help"})
	help.Args = func(_ *cobra.Command, args []string) error {
		found, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 && found.HasSubCommands() {
			return unknownCommand(cmp.Or(found, root), rest[0])
		}
		return nil
	}
}

// unknownCommand refuses what no command below cmd is called.
func unknownCommand(cmd *cobra.Command, name string) error {
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	hint := ""
	if best := strictyaml.Nearest(name, names); best != "" {
		hint = fmt.Sprintf(": did you mean '%s %s'?", cmd.CommandPath(), best)
	}
	return usagef("unknown command %q%s\nSee '%s --help'", cmd.CommandPath()+" "+name, hint, cmd.CommandPath())
}

func countOf(n int, thing string) string {
	switch n {
	case 0:
		return "no " + thing
	case 1:
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// flagError says what an option should have been.
func flagError(cmd *cobra.Command, err error) error {
	if bad := (*pflag.InvalidValueError)(nil); errors.As(err, &bad) {
		err = fmt.Errorf("--%s %q: %w", bad.GetFlag().Name, bad.GetValue(), cause(err))
	}
	if none := (*pflag.NotExistError)(nil); errors.As(err, &none) {
		if best := nearestOption(cmd, none.GetSpecifiedName()); best != "" {
			err = fmt.Errorf("%w: did you mean --%s?", err, best)
		}
	}
	return usagef("%w\nSee '%s --help'", err, cmd.CommandPath())
}

// nearestOption is the option of a command that was meant by another name: "" if none is near.
func nearestOption(cmd *cobra.Command, name string) string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if best := strictyaml.Nearest(name, names); best != "" || cmd.Flags().Lookup("format") == nil {
		return best
	}
	return map[string]string{"json": "format json", "yaml": "format yaml", "o": "format"}[name]
}

// cause is why a value was refused, without pflag's mention of an option that
// nobody gave, and without what a function of Go calls it.
func cause(err error) error {
	bad, ok := err.(*pflag.InvalidValueError)
	if !ok {
		return err
	}
	why := bad.Unwrap()
	var number *strconv.NumError
	if !errors.As(why, &number) {
		return why
	}
	kind := bad.GetFlag().Value.Type()
	switch {
	case kind == "bool":
		return errors.New("expected true or false")
	case errors.Is(why, strconv.ErrRange):
		return errors.New("the number is too large")
	case strings.HasPrefix(kind, "uint"):
		return errors.New("expected a whole number that is not negative")
	}
	return errors.New("expected a whole number")
}

// duration is an option as times are written in files: 30s, 1h30m or 2d, and
// not negative.
type duration struct{ value *time.Duration }

// Set is of pflag.Value.
func (d duration) Set(text string) error {
	ms, err := strictyaml.ParseMillis(text)
	if err != nil {
		return fmt.Errorf("%w: expected a time with its unit, such as 30s, 1h30m or 2d", err)
	}
	*d.value = time.Duration(ms) * time.Millisecond
	return nil
}

// String is of pflag.Value.
func (d duration) String() string {
	if d.value == nil {
		return ""
	}
	return d.value.String()
}

// Type is of pflag.Value.
func (d duration) Type() string { return "duration" }

func durationOf(value *time.Duration, def time.Duration) duration {
	*value = def
	return duration{value}
}
