package files

import (
	"os"
	"syscall"
	"time"

	"github.com/broked/broked/internal/fault"
)

// Found is a file as it was when somebody looked.
type Found struct {
	Path     string
	Size     int64
	Modified time.Time // its content
	Changed  time.Time // that, its name or its owner, which nobody can put back
	Version  string    // of what is elsewhere: another one when the content is; empty where nobody tells
}

// Look returns the files that a path or pattern names, as Read does; none is no fault.
func (r Roots) Look(pattern string) ([]Found, error) {
	paths, err := r.Read(pattern)
	if fault.CodeOf(err) == "file_not_found" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all := make([]Found, 0, len(paths))
	for _, path := range paths {
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue // it went meanwhile
		}
		f := Found{Path: path, Size: info.Size(), Modified: info.ModTime(), Changed: info.ModTime()}
		if s, is := info.Sys().(*syscall.Stat_t); is {
			f.Changed = time.Unix(s.Ctim.Sec, s.Ctim.Nsec)
		}
		all = append(all, f)
	}
	return all, nil
}
