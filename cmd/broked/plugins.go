package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/nodes"
	"github.com/broked/broked/internal/plugins"
)

// pluginFlags say where plugins are.
type pluginFlags struct {
	Plugins string `help:"Folder of plugins; $XDG_DATA_HOME/brokoli/plugins or ~/.brokoli/plugins when not given." env:"BROKOLI_PLUGIN_DIR" type:"path" placeholder:"DIR"`
}

// folder returns where plugins are; it is empty where nobody can have any.
func (f pluginFlags) folder() string {
	if f.Plugins != "" {
		return f.Plugins
	}
	return plugins.Default(os.Getenv)
}

// join returns the registry of specs and of the kinds that plugins bring. What is wrong with
// a plugin leaves it out, and is told.
func (f pluginFlags) join(specs []node.Spec, tell func(error)) (*node.Registry, []plugins.Plugin, error) {
	all, wrong := plugins.All(f.folder())
	offered, taken := nodes.WithPlugins(specs, all)
	if tell != nil {
		for _, err := range append(wrong, taken...) {
			tell(err)
		}
	}
	kinds, err := node.NewRegistry(offered...)
	return kinds, all, err
}

// pluginsCmd looks after the plugins of this machine.
type pluginsCmd struct {
	List    pluginsListCmd    `cmd:"" help:"List the plugins of this machine and the kinds of nodes that they bring."`
	Install pluginsInstallCmd `cmd:"" help:"Copy a plugin into the folder of plugins, in the place of an older one. Servers know it after their next start."`
	Remove  pluginsRemoveCmd  `cmd:"" aliases:"uninstall,rm" help:"Delete a plugin from the folder of plugins."`
	Inspect pluginsInspectCmd `cmd:"" aliases:"show" help:"Print what a plugin says of itself and, with --config, which streams it finds."`
	Test    pluginsTestCmd    `cmd:"" help:"Ask a plugin whether it can work with some settings."`
}

type pluginsListCmd struct {
	pluginFlags
	JSON bool `help:"Print JSON."`
}

// Run prints the plugins.
func (c *pluginsListCmd) Run(w world) error {
	_, all, err := c.join(nodes.All(), func(err error) { tell(w.err, err) })
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w.out, orNone(all))
	}
	if len(all) == 0 {
		_, err := fmt.Fprintf(w.out, "There are no plugins in %s.\n", c.folder())
		return err
	}
	table := tabwriter.NewWriter(w.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tVERSION\tNETWORK\tKINDS")
	for _, p := range all {
		var kinds []string
		for _, t := range p.NodeTypes {
			kinds = append(kinds, fmt.Sprintf("%s (%s)", t.Type, t.Role))
		}
		fmt.Fprintf(table, "%s\t%s\t%t\t%s\n", p.Name, p.Version, p.Network, strings.Join(kinds, ", "))
	}
	return table.Flush()
}

func orNone[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

func printJSON(w io.Writer, value any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(value)
}

type pluginsInstallCmd struct {
	Dir     string `arg:"" help:"Folder with the plugin's manifest.json." type:"existingdir"`
	Network bool   `name:"allow-network" help:"The plugin's program may make connections, to whatever the machine reaches."`
	pluginFlags
}

// Run installs a plugin.
func (c *pluginsInstallCmd) Run(w world) error {
	folder := c.folder()
	if folder == "" {
		return &exitError{exitUsage, errors.New("there is no HOME: say where plugins are with --plugins")}
	}
	fresh, err := plugins.Read(c.Dir)
	if err != nil {
		return err
	}
	if _, wrong := nodes.WithPlugins(nodes.All(), []plugins.Plugin{fresh}); len(wrong) > 0 {
		return wrong[0]
	}
	p, err := plugins.Install(folder, c.Dir, c.Network)
	if err != nil {
		return err
	}
	reach := "without the network"
	if p.Network {
		reach = "with the network"
	}
	_, err = fmt.Fprintf(w.out, "%s %s is installed in %s, %s. Servers and workers that use this folder know it after their next start.\n", p.Name, p.Version, p.Dir, reach)
	return err
}

type pluginsRemoveCmd struct {
	Name string `arg:"" help:"Name of the plugin."`
	pluginFlags
}

// Run removes a plugin.
func (c *pluginsRemoveCmd) Run(w world) error {
	if err := plugins.Remove(c.folder(), c.Name); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w.out, "%s is removed. Runs of pipelines that use it fail from now on.\n", c.Name)
	return err
}

// pluginCall asks a plugin something.
type pluginCall struct {
	Name   string `arg:"" help:"Name of the plugin."`
	Config string `help:"JSON file with settings, - for standard input." placeholder:"FILE"`
	pluginFlags
}

// plugin returns the plugin, and its settings if they are given: those are checked.
func (c *pluginCall) plugin(w world) (plugins.Plugin, json.RawMessage, error) {
	p, err := plugins.Find(c.folder(), c.Name)
	if err != nil || c.Config == "" {
		return p, nil, err
	}
	in := w.in
	if c.Config != "-" {
		file, err := os.Open(c.Config)
		if err != nil {
			return p, nil, &exitError{exitUsage, err}
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return p, nil, &exitError{exitUsage, err}
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return p, nil, &exitError{exitUsage, fmt.Errorf("%s is no JSON: %w", c.Config, err)}
	}
	if problems := p.Settings.Check(value); len(problems) > 0 {
		return p, nil, fault.Rejected("the settings", problems)
	}
	return p, text, nil
}

// ask executes the program of a plugin that has settings, and gives what it answers to hear.
func (w world) ask(ctx context.Context, call plugins.Call, hear func(plugins.Message) error) error {
	var err error
	if call.Program, err = call.Plugin.Find(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "broked-plugin-")
	if err != nil {
		return fmt.Errorf("folder of a plugin: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if call.Config == nil {
		call.Config = json.RawMessage("{}")
	}
	call.Folder, call.Timeout, call.Memory = dir, plugins.Patience, 1<<30
	call.Log = func(level, line string) { fmt.Fprintf(w.err, "%s: %s\n", level, line) }
	return call.Run(ctx, nil, hear)
}

type pluginsInspectCmd struct{ pluginCall }

// Run prints a plugin.
func (c *pluginsInspectCmd) Run(ctx context.Context, w world) error {
	p, config, err := c.plugin(w)
	if err != nil {
		return err
	}
	if config == nil {
		return printJSON(w.out, p)
	}
	streams := []*plugins.Stream{}
	err = w.ask(ctx, plugins.Call{Plugin: p, Command: plugins.CommandDiscover, Config: config}, func(m plugins.Message) error {
		if m.Stream != nil {
			streams = append(streams, m.Stream)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return printJSON(w.out, struct {
		plugins.Plugin
		Streams []*plugins.Stream `json:"streams"`
	}{p, streams})
}

type pluginsTestCmd struct{ pluginCall }

// Run asks a plugin for its spec and, with settings, whether these work.
func (c *pluginsTestCmd) Run(ctx context.Context, w world) error {
	p, config, err := c.plugin(w)
	if err != nil {
		return err
	}
	command, said := plugins.CommandSpec, "it answers"
	if config != nil {
		command, said = plugins.CommandCheck, "the settings work"
	}
	err = w.ask(ctx, plugins.Call{Plugin: p, Command: command, Config: config}, func(m plugins.Message) error {
		switch {
		case m.Type == "status" && m.Status != "ok":
			return fault.New(fault.Invalid, "the plugin %s: %s", p.Name, m.Message).With("plugin_failed")
		case m.Type == "status" && m.Message != "":
			said = m.Message
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "%s %s: %s\n", p.Name, p.Version, strings.TrimSpace(string(bytes.ToValidUTF8([]byte(said), nil))))
	return err
}
