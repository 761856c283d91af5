package files

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/broked/broked/internal/fault"
)

// Existing returns the absolute path of a folder that is there, with links resolved.
// Everything else, and one outside the roots, is an Invalid fault that names the path
// as it was written.
func (r Roots) Existing(path string) (string, error) {
	abs, err := r.locate(path)
	if err != nil {
		return "", err
	}
	actual, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return "", missing(path, abs, err)
	}
	if err := r.check(path, actual); err != nil {
		return "", err
	}
	if info, err := os.Stat(actual); err != nil || !info.IsDir() {
		return "", fault.New(fault.Invalid, "%q is no folder", path).With("bad_path")
	}
	return actual, nil
}

// mostGrounds bounds how many files and folders Grounds returns.
const mostGrounds = 10_000

// Grounds returns files and folders that may be read and written with all that is in
// them: the roots themselves, or where something inside one is denied, what lies
// beside it, one by one. Links and what is neither file nor folder are left out, and
// so is a file of several names, one of which may be denied. Paths are absolute, with
// links resolved. More than ten thousand are an Invalid fault.
func (r Roots) Grounds() ([]string, error) {
	var denied, all []string
	for _, path := range r.Deny {
		denied = append(denied, resolve(path))
	}
	for _, root := range r.Allow {
		if err := beside(resolve(root), denied, &all); err != nil {
			return nil, err
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// beside adds path to all, or where something in it is denied, what is not.
func beside(path string, denied []string, all *[]string) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil, slices.ContainsFunc(denied, func(no string) bool { return inside(path, no) }):
		return nil //nolint:nilerr // what is gone needs no place in the list
	case !info.IsDir() && !info.Mode().IsRegular():
		return nil
	case !info.IsDir() && slices.ContainsFunc(denied, func(no string) bool { return sameFile(path, no) }):
		return nil
	case !slices.ContainsFunc(denied, func(no string) bool { return inside(no, path) }):
		if len(*all) == mostGrounds {
			return fault.New(fault.Invalid, "%s has more than %d files beside what is closed in it: put data into folders of their own", filepath.Dir(path), mostGrounds).With("too_many_files")
		}
		*all = append(*all, path)
		return nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil //nolint:nilerr // nobody else can read it either
	}
	for _, e := range entries {
		if err := beside(filepath.Join(path, e.Name()), denied, all); err != nil {
			return err
		}
	}
	return nil
}
