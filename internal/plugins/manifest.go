// Package plugins has kinds of nodes that are programs of other people: what a plugin
// says of itself, the folder that has those of a machine, and the protocol by which rows
// go in and out, which is version 1 of Brokoli's.
package plugins

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
)

// Protocol is the version of the protocol that is spoken here.
const Protocol = 1

// Role is what nodes of a plugin's kind do.
type Role string

// The roles.
const (
	Source    Role = "source"    // its rows come from elsewhere
	Sink      Role = "sink"      // it takes rows elsewhere
	Transform Role = "transform" // it makes other rows of rows
)

// Manifest is what a plugin says of itself, in a file of its folder.
type Manifest struct {
	ProtocolVersion int    `json:"protocol_version"`
	Name            string `json:"name"`
	Version         string `json:"version"`
	Description     string `json:"description,omitempty"`
	Author          string `json:"author,omitempty"`
	Homepage        string `json:"homepage,omitempty"`
	// Binary is the program, as a path inside the folder, and Args what it is called with
	// before the command.
	Binary    string   `json:"binary"`
	Args      []string `json:"args,omitempty"`
	NodeTypes []Type   `json:"node_types"`
	// ConfigSchema is the JSON Schema of the settings; without one they are free.
	ConfigSchema json.RawMessage `json:"config_schema,omitempty"`
}

// Type is a kind of nodes that a plugin brings.
type Type struct {
	Type        string `json:"type"`
	Role        Role   `json:"kind" enum:"source,sink,transform"`
	DisplayName string `json:"display_name,omitempty"`
	Description string `json:"description,omitempty"`
	Icon        string `json:"icon,omitempty"`
}

// Plugin is a plugin in the folder of this machine.
type Plugin struct {
	Manifest
	Dir      string      `json:"-"` // absolute, with links resolved
	Settings node.Schema `json:"-"` // of its nodes
	// Network says that its program may make connections. Whoever installs a plugin
	// says so; the plugin cannot.
	Network bool `json:"network"`
}

const (
	manifestFile = "manifest.json"
	// installFile is what whoever has installed a plugin allows it.
	installFile  = "installed.json"
	largestFile  = 1 << 20
	longestLabel = 200
)

var name = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

// installed is what an installFile says.
type installed struct {
	Network bool `json:"network"`
}

// Read reads the plugin in a folder. What is wrong with it is an Invalid fault with the
// paths in the manifest.
func Read(dir string) (Plugin, error) {
	dir, err := filepath.Abs(dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return Plugin{}, fault.Wrap(fault.NotFound, err, "there is no folder %s", dir)
	}
	p := Plugin{Dir: dir}
	switch err := readJSON(filepath.Join(dir, manifestFile), &p.Manifest); {
	case errors.Is(err, fs.ErrNotExist):
		return Plugin{}, fault.New(fault.Invalid, "%s is no plugin: it has no %s", dir, manifestFile)
	case err != nil:
		return Plugin{}, fault.Wrap(fault.Invalid, err, "%s of %s cannot be read: %s", manifestFile, dir, err)
	}
	var allowed installed
	if err := readJSON(filepath.Join(dir, installFile), &allowed); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Plugin{}, fault.Wrap(fault.Invalid, err, "%s of %s cannot be read: %s", installFile, dir, err)
	}
	p.Network = allowed.Network
	problems := p.check()
	settings, wrong := settingsOf(p.ConfigSchema)
	p.Settings = settings
	if problems = append(problems, wrong...); len(problems) > 0 {
		return Plugin{}, fault.Rejected("the manifest of the plugin in "+dir, problems)
	}
	return p, nil
}

func readJSON(path string, into any) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular() || info.Size() > largestFile:
		return fmt.Errorf("it is no file of at most %d bytes", largestFile)
	}
	data, err := os.ReadFile(path) //nolint:gosec // in a folder that whoever runs the server has named
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// check returns what is wrong with the manifest, but for the settings.
func (p Plugin) check() []fault.Problem {
	var problems []fault.Problem
	wrong := func(path, format string, args ...any) {
		problems = append(problems, fault.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
	if p.ProtocolVersion != Protocol {
		wrong("protocol_version", "is %d, and %d is spoken here", p.ProtocolVersion, Protocol)
	}
	if !name.MatchString(p.Name) {
		wrong("name", "must be small letters, digits, - and _, beginning with a letter, and at most 64 of them")
	}
	if p.Version == "" || len(p.Version) > longestLabel {
		wrong("version", "is missing, or longer than %d bytes", longestLabel)
	}
	if !filepath.IsLocal(p.Binary) {
		wrong("binary", "must be the path of a file in the plugin's folder")
	} else if info, err := os.Lstat(filepath.Join(p.Dir, p.Binary)); err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		wrong("binary", "%s is no file in the plugin's folder that may be executed", p.Binary)
	}
	return append(problems, p.checkTypes()...)
}

func (p Plugin) checkTypes() []fault.Problem {
	var problems []fault.Problem
	wrong := func(path, format string, args ...any) {
		problems = append(problems, fault.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
	if len(p.NodeTypes) == 0 {
		wrong("node_types", "is empty: a plugin brings at least one kind of nodes")
	}
	for i, t := range p.NodeTypes {
		at := fmt.Sprintf("node_types[%d]", i)
		if !name.MatchString(t.Type) {
			wrong(at+".type", "must be small letters, digits, - and _, beginning with a letter, and at most 64 of them")
		}
		if !slices.Contains([]Role{Source, Sink, Transform}, t.Role) {
			wrong(at+".kind", "must be source, sink or transform, not %q", t.Role)
		}
		if slices.ContainsFunc(p.NodeTypes[:i], func(other Type) bool { return other.Type == t.Type }) {
			wrong(at+".type", "is there twice")
		}
	}
	return problems
}
