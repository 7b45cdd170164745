package main

// The configuration: its review, and what is in force.

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "The configuration file: review it, show what is in force"}
	cmd.AddCommand(configCheckCommand(), configShowCommand())
	return cmd
}

func configCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check FILE", Short: "Every mistake of a configuration, with line and cure", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := readWhole(args[0], nil)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d settings, good\n", args[0], len(s.origin))
			return err
		},
	}
}

// readWhole is what serve would run with, of a file and an environment alone.
func readWhole(path string, environ []string) (*settings, error) {
	s := &settings{flags: bareServe().Flags(), origin: map[string]string{}}
	known := serveFlags()
	takes := func(name string) bool { return known[name] && s.flags.Lookup(name) != nil }
	s.take(fromEnvironment(environ), known, takes)
	if path != "" {
		all, err := readSettings(path)
		if err != nil {
			return nil, err
		}
		s.take(all, known, takes)
	}
	s.rules()
	return s, errors.Join(s.mistake...)
}

func configShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "What serve would run with, and where each value comes from", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := readWhole(cmd.Flag("config").Value.String(), os.Environ())
			if err != nil {
				return err
			}
			var b strings.Builder
			s.flags.VisitAll(func(f *pflag.Flag) {
				if f.Name == "help" || f.Name == "config" {
					return
				}
				origin := s.origin[f.Name]
				if origin == "" {
					origin = "default"
				}
				fmt.Fprintf(&b, "%-28s = %-32s # %s\n", strings.ReplaceAll(f.Name, "-", "_"), shown(f), origin)
			})
			_, err = fmt.Fprint(cmd.OutOrStdout(), b.String())
			return err
		},
	}
}

// shown is a value as it stands in the file. What may be a secret is not shown.
func shown(f *pflag.Flag) string {
	for _, word := range []string{"password", "secret"} {
		if strings.Contains(f.Name, word) && f.Value.String() != "" {
			return `"..."`
		}
	}
	switch f.Value.Type() {
	case "bool", "int", "int64", "uint", "float64":
		return f.Value.String()
	}
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return fmt.Sprintf("%q", list.GetSlice())
	}
	return fmt.Sprintf("%q", f.Value.String())
}
