// Package examples holds pipelines on public data that a new user can run at
// once. Adding one means adding a YAML file, and its data under data.
package examples

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// FS holds the pipelines at its root and what they read under data.
//
//go:embed *.yaml data
var FS embed.FS

// Example is a pipeline that works as it is.
type Example struct {
	ID          string // the file's name without .yaml, and the slug of Name
	Name        string
	Description string
	Icon        string // a name of the interface's icon set
	Source      string // who made the data, in words
	YAML        []byte // the whole file
}

// All returns the examples, sorted by ID.
func All() ([]Example, error) {
	files, err := fs.Glob(FS, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list examples: %w", err)
	}
	all := make([]Example, 0, len(files))
	for _, file := range files {
		e, err := read(file)
		if err != nil {
			return nil, fmt.Errorf("example %s: %w", file, err)
		}
		all = append(all, e)
	}
	return all, nil
}

func read(file string) (Example, error) {
	text, err := FS.ReadFile(file)
	if err != nil {
		return Example{}, err
	}
	var head struct {
		Name        string `yaml:"name"`
		Description string `yaml:"description"`
	}
	if err := yaml.Unmarshal(text, &head); err != nil {
		return Example{}, err
	}
	return Example{
		ID:          strings.TrimSuffix(file, ".yaml"),
		Name:        head.Name,
		Description: head.Description,
		Icon:        remark(text, "Icon"),
		Source:      remark(text, "Source"),
		YAML:        text,
	}, nil
}

// remark returns what the line "# name: ..." of text says, or "".
func remark(text []byte, name string) string {
	for line := range bytes.Lines(text) {
		if said, ok := bytes.CutPrefix(line, []byte("# "+name+": ")); ok {
			return string(bytes.TrimSpace(said))
		}
	}
	return ""
}

// Unpack writes the data of the examples into dir/data, where dir stands for the
// folder that the paths in the examples begin with, examples. Files that are
// there are left alone. A file is there whole or not at all, whenever Unpack is
// interrupted.
func Unpack(dir string) error {
	return fs.WalkDir(FS, "data", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := FS.ReadFile(name)
		if err != nil {
			return err
		}
		if err := create(filepath.Join(dir, filepath.FromSlash(name)), text); err != nil {
			return fmt.Errorf("unpack the examples' data: %w", err)
		}
		return nil
	})
}

// create writes text to path, readable by everybody, unless path is there.
func create(path string, text []byte) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // public data
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".unpack-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // it is gone already after the rename
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
