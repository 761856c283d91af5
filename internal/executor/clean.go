package executor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/node"
)

// Clean tidies up behind engines that died with their server: what they were
// writing, and the temporary files of their runs. It must be called before the
// first run is executed.
func Clean(dir string) error {
	folders, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("clean run folders: %w", err)
	}
	for _, folder := range folders {
		if isTrial(folder.Name()) {
			_ = os.RemoveAll(filepath.Join(dir, folder.Name()))
			continue
		}
		clean(filepath.Join(dir, folder.Name()))
	}
	return nil
}

// clean removes from a run's folder what is of no use after the run, and the
// folder itself unless artifacts are left in it. Engines do that themselves; this
// is for those that were killed. What cannot be removed stays for the next time.
func clean(dir string) {
	list := filepath.Join(dir, job.LeftoversFile)
	if text, err := os.ReadFile(list); err == nil { //nolint:gosec // in our own folder
		for path := range strings.Lines(string(text)) {
			removeLeftover(strings.TrimSuffix(path, "\n"))
		}
		_ = os.Remove(list)
	}
	_ = os.RemoveAll(filepath.Join(dir, "tmp"))
	_ = os.Remove(dir) // fails, as it should, when something is left
}

// removeLeftover removes a file or folder that has the name of a leftover. The
// list was written by an engine, which is not trusted with more.
func removeLeftover(path string) {
	name := filepath.Base(path)
	if filepath.IsAbs(path) && strings.HasPrefix(name, ".") && strings.HasSuffix(name, node.Leftover) {
		_ = os.RemoveAll(path)
	}
}
