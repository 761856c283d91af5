// Package files decides which files the nodes of a run may reach. It knows
// folders and paths; what is inside a file is the business of others.
package files

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/broked/broked/internal/fault"
)

// maxName is the longest name of a file that common file systems take, in bytes.
const maxName = 255

// Roots are the folders that may be reached. All paths are absolute. It may be
// used by any number of goroutines at once.
type Roots struct {
	Base  string   // where relative paths begin
	Allow []string // folders that may be read and written
	Deny  []string // files and folders that may not, though inside Allow
}

// Read returns the regular files that a path or a glob pattern names: absolute,
// with symbolic links resolved, sorted. Folders that a pattern matches are left
// out. In a pattern, ** as the name of a folder stands for any number of them. It
// never opens a file, so that a pipe cannot make it wait.
//
// No file, a folder, a special file and one outside the roots, which a link may
// lead to, are Invalid faults that name the path as it was written.
func (r Roots) Read(pattern string) ([]string, error) {
	abs, err := r.locate(pattern)
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(abs); err == nil || !IsPattern(pattern) {
		actual, err := r.regular(pattern, abs)
		if err != nil {
			return nil, err
		}
		return []string{actual}, nil
	}
	matched, err := r.matched(pattern, abs)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, match := range matched {
		if info, err := os.Stat(match); err == nil && info.IsDir() {
			continue
		}
		actual, err := r.regular(r.shown(pattern, match), match)
		if err != nil {
			return nil, err
		}
		found = append(found, actual)
	}
	if len(found) == 0 {
		return nil, fault.New(fault.Invalid, "no file matches %q in %s", pattern, filepath.Dir(abs)).With("file_not_found")
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// matched returns the paths that a pattern matches, which nobody has checked yet.
func (r Roots) matched(pattern, abs string) ([]string, error) {
	if slices.Contains(strings.Split(filepath.ToSlash(abs), "/"), "**") {
		return r.deep(pattern, abs)
	}
	found, err := filepath.Glob(abs)
	if err != nil {
		return nil, notComplete(pattern, err)
	}
	return found, nil
}

// Write returns the absolute path of a file that may be made or replaced, after
// making the folders above it. What is there already must be a regular file.
func (r Roots) Write(path string) (string, error) {
	target, info, err := r.place(path)
	switch {
	case err != nil:
		return "", err
	case info == nil || info.Mode().IsRegular():
		return target, nil
	case info.IsDir():
		return "", fault.New(fault.Invalid, "%q is a folder: name a file in it, such as %q", path, filepath.Join(path, "result.csv")).With("bad_path")
	}
	return "", notRegular(path, info)
}

// Folder returns the absolute path of a folder that may be made or replaced,
// after making the folders above it, but not the folder itself.
func (r Roots) Folder(path string) (string, error) {
	target, info, err := r.place(path)
	switch {
	case err != nil:
		return "", err
	case info == nil || info.IsDir():
		return target, nil
	}
	return "", fault.New(fault.Invalid, "%q is a file, and a folder is needed there", path).With("bad_path")
}

// place finds where path is, makes the folders above it, and tells what is there.
func (r Roots) place(path string) (string, fs.FileInfo, error) {
	abs, err := r.locate(path)
	if err != nil {
		return "", nil, err
	}
	folder, err := r.makeFolder(path, filepath.Dir(abs))
	if err != nil {
		return "", nil, err
	}
	target := filepath.Join(folder, filepath.Base(abs))
	if err := r.check(path, target); err != nil {
		return "", nil, err
	}
	info, err := os.Lstat(target)
	if err != nil {
		return target, nil, nil //nolint:nilerr // nothing is there yet, which is fine
	}
	return target, info, nil
}

// makeFolder makes folder and what is missing above it, and returns its real
// path. Every step is checked before it is taken, so that nothing is made
// outside the roots.
func (r Roots) makeFolder(written, folder string) (string, error) {
	actual, err := filepath.EvalSymlinks(folder)
	if err == nil {
		if err := r.check(written, actual); err != nil {
			return "", err
		}
		if info, err := os.Stat(actual); err != nil || !info.IsDir() {
			return "", fault.New(fault.Invalid, "%q cannot be written: %s is not a folder", written, folder).With("bad_path")
		}
		return actual, nil
	}
	if !os.IsNotExist(err) || filepath.Dir(folder) == folder {
		return "", fault.Wrap(fault.Invalid, err, "%q cannot be written: %s cannot be reached", written, folder).With("bad_path")
	}
	above, err := r.makeFolder(written, filepath.Dir(folder))
	if err != nil {
		return "", err
	}
	made := filepath.Join(above, filepath.Base(folder))
	if err := r.check(written, made); err != nil {
		return "", err
	}
	if err := os.Mkdir(made, 0o755); err != nil && !os.IsExist(err) { //nolint:gosec // data that the person's other programs read
		return "", fault.Wrap(fault.Invalid, err, "%q cannot be written: the folder %s cannot be made", written, made).With("bad_path")
	}
	return filepath.EvalSymlinks(made)
}

// locate returns path from Base on, and refuses what is outside the roots before
// the disk is asked, so that nobody learns what is there.
func (r Roots) locate(path string) (string, error) {
	if strings.TrimSpace(path) == "" {
		return "", fault.New(fault.Invalid, "the path is empty").With("bad_path")
	}
	if strings.ContainsFunc(path, unicode.IsControl) {
		return "", fault.New(fault.Invalid, "the path %q has a control character in it", path).With("bad_path")
	}
	abs := path
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(r.Base, abs)
	}
	abs = filepath.Clean(abs)
	if len(filepath.Base(abs)) > maxName {
		return "", fault.New(fault.Invalid, "the file's name is longer than %d bytes", maxName).With("bad_path")
	}
	within := func(root string) bool { return inside(abs, filepath.Clean(root)) || inside(abs, resolve(root)) }
	if !slices.ContainsFunc(r.Allow, within) {
		return "", r.outside(path)
	}
	return abs, nil
}

// regular returns the real path of an existing regular file inside the roots.
func (r Roots) regular(written, abs string) (string, error) {
	actual, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return "", missing(written, abs, err)
	}
	if err := r.check(written, actual); err != nil {
		return "", err
	}
	info, err := os.Lstat(actual)
	switch {
	case err != nil:
		return "", missing(written, abs, err)
	case info.IsDir():
		return "", fault.New(fault.Invalid, "%q is a folder, not a file; for all its CSV files write %q", written, filepath.Join(written, "*.csv")).With("bad_path")
	case !info.Mode().IsRegular():
		return "", notRegular(written, info)
	}
	return actual, nil
}

// check refuses a real path outside the roots or in a denied place.
func (r Roots) check(written, actual string) error {
	if !slices.ContainsFunc(r.Allow, func(root string) bool { return inside(actual, resolve(root)) }) {
		return r.outside(written)
	}
	if slices.ContainsFunc(r.Deny, func(no string) bool { return inside(actual, resolve(no)) || sameFile(actual, no) }) {
		return fault.New(fault.Invalid, "%q belongs to the server itself and is closed to pipelines", written).With("path_not_allowed")
	}
	return nil
}

// sameFile reports whether two paths are hard links to one file.
func sameFile(a, b string) bool {
	one, err := os.Lstat(a)
	if err != nil || !one.Mode().IsRegular() {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

func (r Roots) outside(written string) error {
	return fault.New(fault.Invalid, "%q is outside the folders that pipelines may use: %s. Move the file there, or have its folder added to BROKOLI_DATA_DIRS",
		written, strings.Join(r.Allow, ", ")).With("path_not_allowed")
}

// shown is match as a person would write it, having written pattern.
func (r Roots) shown(pattern, match string) string {
	if filepath.IsAbs(pattern) {
		return match
	}
	if rel, err := filepath.Rel(r.Base, match); err == nil {
		return rel
	}
	return match
}

// IsPattern reports whether a path may name more than one file.
func IsPattern(path string) bool { return strings.ContainsAny(path, "*?[") }

// inside reports whether path is root or lies in it. Both are clean.
func inside(path, root string) bool {
	return path == root || strings.HasPrefix(path, strings.TrimSuffix(root, "/")+"/")
}

// resolve returns the real path of a folder, or the path itself when it is not there.
func resolve(path string) string {
	if actual, err := filepath.EvalSymlinks(path); err == nil {
		return actual
	}
	return filepath.Clean(path)
}

func notRegular(written string, info fs.FileInfo) error {
	what := "a special file"
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		what = "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		what = "a pipe"
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	case mode&fs.ModeDevice != 0:
		what = "a device"
	}
	return fault.New(fault.Invalid, "%q is %s, and only regular files can be used", written, what).With("bad_path")
}

func missing(written, abs string, cause error) error {
	if os.IsPermission(cause) {
		return fault.Wrap(fault.Invalid, cause, "the server is not permitted to read %q", written).With("bad_path")
	}
	var names []string
	entries, err := os.ReadDir(filepath.Dir(abs))
	if err != nil {
		return fault.Wrap(fault.Invalid, cause, "there is no file %q: the folder %s does not exist", written, filepath.Dir(abs)).With("file_not_found")
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return fault.Wrap(fault.Invalid, cause, "there is no file %q%s; it would be %s", written, fault.DidYouMean(filepath.Base(abs), names), abs).With("file_not_found")
}
