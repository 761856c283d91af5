package plugins

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// Default returns where plugins are when nobody says otherwise, by the variables
// XDG_DATA_HOME and HOME; it is empty when there is neither.
func Default(getenv func(string) string) string {
	if data := getenv("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, "brokoli", "plugins")
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".brokoli", "plugins")
	}
	return ""
}

// All returns the plugins in a folder, by their names, and what is wrong with those that
// are left out. A folder that is not there has none.
func All(dir string) (all []Plugin, wrong []error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if dir == "" || errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, []error{fmt.Errorf("plugins: %w", err)}
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || !e.IsDir() {
			continue
		}
		p, err := Read(filepath.Join(dir, e.Name()))
		if err == nil && p.Name != e.Name() {
			err = fault.New(fault.Invalid, "the plugin in %s calls itself %s: its folder has to have that name", p.Dir, p.Name)
		}
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		all = append(all, p)
	}
	return all, wrong
}

// Find returns the plugin of a name in a folder, or a NotFound fault.
func Find(dir, plugin string) (Plugin, error) {
	if !name.MatchString(plugin) {
		return Plugin{}, fault.New(fault.NotFound, "there is no plugin %q in %s", plugin, dir)
	}
	p, err := Read(filepath.Join(dir, plugin))
	if fault.KindOf(err) == fault.NotFound {
		return Plugin{}, fault.New(fault.NotFound, "there is no plugin %q in %s", plugin, dir)
	}
	return p, err
}

// Install copies the plugin in the folder from into dir, in the place of one of the same
// name, and says whether its program may make connections. Links and special files are
// refused. The old plugin is there until the new one is there as a whole.
func Install(dir, from string, network bool) (Plugin, error) {
	p, err := Read(from)
	if err != nil {
		return Plugin{}, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // programs, for everybody who runs pipelines
		return Plugin{}, fmt.Errorf("install a plugin: %w", err)
	}
	fresh, err := os.MkdirTemp(dir, ".new-")
	if err != nil {
		return Plugin{}, fmt.Errorf("install a plugin: %w", err)
	}
	defer func() { _ = os.RemoveAll(fresh) }()
	copied := filepath.Join(fresh, p.Name)
	if err := copyFolder(copied, p.Dir); err != nil {
		return Plugin{}, err
	}
	said, err := json.Marshal(installed{Network: network})
	if err != nil {
		return Plugin{}, err
	}
	if err := os.WriteFile(filepath.Join(copied, installFile), append(said, '\n'), 0o644); err != nil { //nolint:gosec // no secret
		return Plugin{}, fmt.Errorf("install a plugin: %w", err)
	}
	if _, err := Read(copied); err != nil {
		return Plugin{}, err
	}
	place := filepath.Join(dir, p.Name)
	if err := os.Rename(place, filepath.Join(fresh, "old")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Plugin{}, fmt.Errorf("install a plugin: %w", err)
	}
	if err := os.Rename(copied, place); err != nil {
		return Plugin{}, errors.Join(fmt.Errorf("install a plugin: %w", err), ignoreAbsent(os.Rename(filepath.Join(fresh, "old"), place)))
	}
	return Read(place)
}

// Remove deletes the plugin of a name from a folder, or returns a NotFound fault. One that
// cannot be read any more is deleted as well.
func Remove(dir, plugin string) error {
	place := filepath.Join(dir, plugin)
	if _, err := os.Lstat(place); err != nil || !name.MatchString(plugin) {
		return fault.New(fault.NotFound, "there is no plugin %q in %s", plugin, dir)
	}
	if err := os.RemoveAll(place); err != nil {
		return fmt.Errorf("remove a plugin: %w", err)
	}
	return nil
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// copyFolder copies the regular files and folders in from.
func copyFolder(to, from string) error {
	root, err := os.OpenRoot(from)
	if err != nil {
		return fmt.Errorf("install a plugin: %w", err)
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("install a plugin: %w", err)
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, path), 0o755) //nolint:gosec // as above
		case !d.Type().IsRegular():
			return fault.New(fault.Invalid, "%s is no regular file, and plugins have no others", filepath.Join(from, path))
		}
		return copyFile(root, filepath.Join(to, path), path)
	})
}

func copyFile(root *os.Root, to, from string) (err error) {
	in, err := root.Open(from)
	if err != nil {
		return fmt.Errorf("install a plugin: %w", err)
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat()
	if err != nil {
		return fmt.Errorf("install a plugin: %w", err)
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644|info.Mode().Perm()&0o111) //nolint:gosec // as above
	if err != nil {
		return fmt.Errorf("install a plugin: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := out.ReadFrom(in); err != nil {
		return fmt.Errorf("install a plugin: %w", err)
	}
	return nil
}
