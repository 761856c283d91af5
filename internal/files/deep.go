package files

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/broked/broked/internal/fault"
)

// What a pattern with ** may look at, so that a wrong one ends soon.
const (
	maxDepth  = 32
	maxLooked = 200_000
	maxDeep   = 3 // times that ** is in it
)

// errTooMany ends a walk that looks at too much.
var errTooMany = errors.New("too many files")

// deep returns what a pattern with ** in it matches: ** stands for any number of
// folders. Links, hidden files and folders, and what belongs to the server are
// passed over.
func (r Roots) deep(written, abs string) ([]string, error) {
	base, parts := fixedPart(abs)
	if err := sound(written, parts); err != nil {
		return nil, err
	}
	if err := r.check(written, resolve(base)); err != nil {
		return nil, err
	}
	var found []string
	looked := 0
	err := filepath.WalkDir(base, func(path string, e fs.DirEntry, err error) error {
		if looked++; looked > maxLooked {
			return errTooMany
		}
		if path == base {
			return err
		}
		rel, _ := filepath.Rel(base, path)
		names := strings.Split(filepath.ToSlash(rel), "/")
		// A folder that may not be read has nothing for us.
		if err != nil || len(names) > maxDepth || r.unseen(written, path) {
			return skipped(e)
		}
		if e.Type().IsRegular() && matches(parts, names) {
			found = append(found, path)
		}
		return nil
	})
	switch {
	case errors.Is(err, errTooMany):
		return nil, fault.New(fault.Invalid, "%q would look at more than %d files: begin the pattern with a folder that has fewer", written, maxLooked).With("bad_path")
	case err != nil:
		return nil, missing(written, base, err)
	}
	return found, nil
}

// sound refuses the parts of a pattern that cannot be matched, or hardly in time.
func sound(written string, parts []string) error {
	deep := 0
	for _, part := range parts {
		if _, err := filepath.Match(part, ""); err != nil {
			return notComplete(written, err)
		}
		if part == "**" {
			deep++
		}
	}
	if deep > maxDeep {
		return fault.New(fault.Invalid, "the pattern %q has ** more than %d times", written, maxDeep).With("bad_path")
	}
	return nil
}

// fixedPart returns the folder that a pattern begins with, before anything in it
// that stands for several names, and the parts behind it.
func fixedPart(pattern string) (base string, rest []string) {
	parts := strings.Split(filepath.ToSlash(pattern), "/")
	at := slices.IndexFunc(parts, IsPattern)
	if at < 0 {
		at = len(parts) - 1
	}
	base = strings.Join(parts[:at], "/")
	if base == "" && strings.HasPrefix(pattern, "/") {
		base = "/"
	}
	return base, parts[at:]
}

// Pattern is a path with names that stand for several: * and ? and [ ] in a name, and ** in
// the place of any number of folders. Its paths have slashes.
type Pattern struct {
	Base  string // the folder that it begins with, before any such name
	parts []string
}

// ParsePattern reads a pattern. One that cannot be matched, or hardly in time, is an Invalid
// fault.
func ParsePattern(text string) (Pattern, error) {
	base, parts := fixedPart(text)
	return Pattern{base, parts}, sound(text, parts)
}

// Matches reports whether p names a path, which begins with Base as p does. Names that
// begin with a dot are passed over.
func (p Pattern) Matches(path string) bool {
	rest := path
	if p.Base != "" {
		var below bool
		if rest, below = strings.CutPrefix(path, strings.TrimSuffix(p.Base, "/")+"/"); !below {
			return false
		}
	}
	names := strings.Split(rest, "/")
	hidden := func(name string) bool { return strings.HasPrefix(name, ".") }
	return len(names) <= maxDepth && !slices.ContainsFunc(names, hidden) && matches(p.parts, names)
}

// matches reports whether the names of a path fit the parts of a pattern.
func matches(parts, names []string) bool {
	switch {
	case len(parts) == 0:
		return len(names) == 0
	case parts[0] == "**":
		for skip := range len(names) + 1 {
			if matches(parts[1:], names[skip:]) {
				return true
			}
		}
		return false
	case len(names) == 0:
		return false
	}
	fits, _ := filepath.Match(parts[0], names[0])
	return fits && matches(parts[1:], names[1:])
}

// unseen reports whether a pattern with ** passes over a path.
func (r Roots) unseen(written, path string) bool {
	return strings.HasPrefix(filepath.Base(path), ".") || r.check(written, path) != nil
}

func skipped(e fs.DirEntry) error {
	if e.IsDir() {
		return fs.SkipDir
	}
	return nil
}

func notComplete(pattern string, cause error) error {
	return fault.Wrap(fault.Invalid, cause, "the pattern %q is not complete: a [ has no ] after it", pattern).With("bad_path")
}
