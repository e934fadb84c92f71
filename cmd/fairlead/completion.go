package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) completionCommand() *cobra.Command {
	var bare bool
	scripts := map[string]func(root *cobra.Command) error{
		"bash": func(root *cobra.Command) error { return root.GenBashCompletionV2(a.out, !bare) },
		"fish": func(root *cobra.Command) error { return root.GenFishCompletion(a.out, !bare) },
		"powershell": func(root *cobra.Command) error {
			if bare {
				return root.GenPowerShellCompletion(a.out)
			}
			return root.GenPowerShellCompletionWithDesc(a.out)
		},
		"zsh": func(root *cobra.Command) error {
			if bare {
				return root.GenZshCompletionNoDesc(a.out)
			}
			return root.GenZshCompletion(a.out)
		},
	}
	shells := slices.Sorted(maps.Keys(scripts))
	cmd := &cobra.Command{
		Use:     "completion SHELL",
		Short:   "Print a script that lets a shell complete command lines",
		GroupID: groupOther,
		Long: `Print a script that lets a shell complete commands, options, their values, and the
names of task groups: bash (with its package bash-completion), zsh, fish or powershell.`,
		Example: `  source <(fairlead completion bash)    # now
  fairlead completion bash > /etc/bash_completion.d/fairlead    # from the next shell on
  fairlead completion zsh > "${fpath[1]}/_fairlead"
  fairlead completion fish > ~/.config/fish/completions/fairlead.fish
  fairlead completion powershell | Out-String | Invoke-Expression`,
		Args:      cobra.ExactArgs(1),
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			script, ok := scripts[args[0]]
			if !ok {
				return usagef("unknown shell %q: expected one of %s", args[0], strings.Join(shells, ", "))
			}
			return ours(script(cmd.Root()))
		},
	}
	cmd.Flags().BoolVar(&bare, "no-descriptions", false, "complete without descriptions")
	return cmd
}
