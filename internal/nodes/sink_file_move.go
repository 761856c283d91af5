package nodes

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// moveFile makes temp the file target, in one step that a crash cannot halve.
func moveFile(temp, target string) error {
	if err := flush(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, target); err != nil {
		return err
	}
	return flush(filepath.Dir(target))
}

// moveFolder makes temp the folder target. An old folder is moved aside first and
// put back when that fails.
func moveFolder(temp, target string) error {
	if err := os.MkdirAll(temp, 0o755); err != nil { //nolint:gosec // data that the person's other programs read; without rows there is no folder yet
		return err
	}
	err := filepath.WalkDir(temp, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, flush(path))
	})
	if err != nil {
		return err
	}
	old := temp + ".old"
	if err := os.Rename(target, old); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.Rename(temp, target); err != nil {
		return errors.Join(err, os.Rename(old, target))
	}
	remove(old)
	return flush(filepath.Dir(target))
}

// flush waits until a file or folder is on the disk.
func flush(path string) error {
	f, err := os.Open(path) //nolint:gosec // files.Roots has allowed the path
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// remove deletes what a failed or finished write has left behind. When even that
// fails, the hidden name says what it is.
func remove(temp string) { _ = os.RemoveAll(temp) }

// replaceable refuses to replace a folder that has anything in it but partitions.
func replaceable(target, written string) error {
	entries, err := os.ReadDir(target)
	if err != nil {
		return nil //nolint:nilerr // nothing is there yet
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.Contains(e.Name(), "=") {
			return fault.New(fault.Invalid, "the folder %q would be replaced, but there is more than partitions in it, such as %q: choose a folder of its own", written, e.Name()).With("bad_path")
		}
	}
	return nil
}
