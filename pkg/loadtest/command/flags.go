package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

// repeated is a flag that may stand several times.
type repeated []string

// String returns the values in one line.
func (r *repeated) String() string { return strings.Join(*r, ", ") }

// Set adds a value.
func (r *repeated) Set(s string) error {
	*r = append(*r, s)
	return nil
}

// goFlags returns a set for tools that read their flags by Go's flag package: -name value, flags first.
func goFlags() *flag.FlagSet {
	f := flag.NewFlagSet("", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	return f
}

// longFlags returns a set for tools whose flags are --name or -n, anywhere in the line.
func longFlags() *pflag.FlagSet {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	return f
}

// ignore takes flags that change what a tool prints, and nothing that it sends.
func ignore(f *flag.FlagSet, withValue, switches []string) {
	for _, name := range withValue {
		f.String(name, "", "")
	}
	for _, name := range switches {
		f.Bool(name, false, "")
	}
}

// parseFlags parses args, and turns the error about a flag that is not there into a sentence.
func parseFlags(parse func([]string) error, args []string) error {
	err := parse(args)
	if err == nil {
		return nil
	}
	if missing, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return unsupported(dashed(missing.GetSpecifiedName()))
	}
	if name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: "); ok {
		return unsupported(name)
	}
	if errors.Is(err, flag.ErrHelp) || errors.Is(err, pflag.ErrHelp) {
		return errors.New("the command only asks for help")
	}
	return fmt.Errorf("the flags can't be read: %w", err)
}

func unsupported(name string) error {
	return fmt.Errorf("the flag %s is not supported by the built-in load generator", name)
}

// dashed returns a flag's name the way it is written.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
