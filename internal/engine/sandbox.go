package engine

import (
	"path/filepath"
	"slices"

	"github.com/broked/broked/internal/node"
)

// Reach is what a confined engine may still touch. All paths are absolute.
type Reach struct {
	Reads   []string // files
	Folders []string // in which files may be made, replaced and removed
	// Programs are files and folders to read and to run programs from; they may be missing.
	Programs []string
	Grounds  []string // files and folders in which programs do as they like; they may be missing
	Network  bool     // TCP connections may be made, and names looked up
}

// reachOf returns what a run's nodes and the engine itself need. Moving a finished
// file to its place needs the folder that it lies in; that DuckDB touches nothing
// else there is for its own lock to see to.
func reachOf(access node.Access, dir string) Reach {
	reach := Reach{Reads: access.Reads, Folders: []string{dir}, Programs: access.Programs, Grounds: access.Grounds, Network: access.Network}
	for _, path := range slices.Concat(access.Writes, access.Folders, access.Databases) {
		reach.Folders = append(reach.Folders, filepath.Dir(path))
	}
	slices.Sort(reach.Folders)
	reach.Folders = slices.Compact(reach.Folders)
	return reach
}
