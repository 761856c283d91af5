package retention

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/broked/broked/internal/runs"
)

// Dir is the folder of this machine that has a folder for every run.
type Dir string

// Remove implements Rows.
func (d Dir) Remove(_ context.Context, run runs.ID) error {
	if err := os.RemoveAll(filepath.Join(string(d), string(run))); err != nil {
		return fmt.Errorf("remove rows of run %s: %w", run, err)
	}
	return nil
}

// Folders implements Rows. What vanishes meanwhile is left out.
func (d Dir) Folders(context.Context) ([]Folder, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return nil, fmt.Errorf("list rows of runs: %w", err)
	}
	var all []Folder
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		f := Folder{Run: runs.ID(e.Name())}
		_ = filepath.WalkDir(filepath.Join(string(d), e.Name()), func(_ string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // an engine has removed it
			}
			if info, err := d.Info(); err == nil {
				f.Written = later(f.Written, info.ModTime())
				if info.Mode().IsRegular() {
					f.Bytes += info.Size()
				}
			}
			return nil
		})
		all = append(all, f)
	}
	return all, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
