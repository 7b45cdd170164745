package main

// Mistakes on the command line: what is wrong, and what to type instead.

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// plain makes every mistake of a command line say what to do. A word that is no
// command is one: without that the help is shown, as if all were well.
func plain(c *cobra.Command) {
	if c.HasSubCommands() && c.RunE == nil && c.Run == nil {
		c.Args, c.DisableFlagsInUseLine = cobra.ArbitraryArgs, true
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return fmt.Errorf("there is no %q in %s: %s; see %s --help", args[0], c.CommandPath(), commandsOf(c), c.CommandPath())
		}
	}
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if check(c, args) == nil {
				return nil
			}
			given := "nothing was given"
			if len(args) > 0 {
				given = fmt.Sprintf("%q was given", args)
			}
			return fmt.Errorf("want %s, and %s; see %s --help", strings.TrimSuffix(c.UseLine(), " [flags]"), given, c.CommandPath())
		}
	}
	for _, sub := range c.Commands() {
		plain(sub)
	}
}

func commandsOf(c *cobra.Command) string {
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "completion" {
			names = append(names, sub.Name())
		}
	}
	return strings.Join(names, ", ")
}

// flagMistake says where the flags are.
func flagMistake(c *cobra.Command, err error) error {
	return fmt.Errorf("%w; see %s --help", err, c.CommandPath())
}
