package engine

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/broked/broked/internal/files"
)

// shut is what a process was shut in with when its first run began, and how many have.
// It cannot be let out again, nor can it be shut in with anything else, so another run
// may follow only if it touches the very same files and folders. Its own folder is one of
// them: the server gives it the name that the run's folder is to have.
type shut struct {
	runs    int
	own     string        // node.Env.Own
	last    bool          // no other run may follow
	reads   []fs.FileInfo // what they are called does not matter
	folders []fs.FileInfo
}

// mostRuns is how many runs a process serves. What a library forgets to give back is given
// back then.
const mostRuns = 100

// errDeclined says that a run cannot be executed by this process. Nothing was done.
var errDeclined = errors.New("the run is for another engine")

// note writes down what the process is about to be shut in with.
func (s *shut) note(reach Reach) {
	var known bool
	if s.reads, s.folders, known = identities(reach); !known {
		s.last = true
	}
}

// identities returns what the paths of a reach lead to, and false when they do not lead
// anywhere.
func identities(reach Reach) (reads, folders []fs.FileInfo, known bool) {
	all := make([]fs.FileInfo, 0, len(reach.Reads)+len(reach.Folders))
	for _, path := range slices.Concat(reach.Reads, reach.Folders) {
		info, err := os.Stat(path)
		if err != nil {
			return nil, nil, false
		}
		all = append(all, info)
	}
	return all[:len(reach.Reads)], all[len(reach.Reads):], true
}

// admit has the nodes of a run find their files. In a process that is shut in they may not
// find them all, so unless these are exactly those that it is shut in with, the run is
// declined, and nothing that was said counts.
func (s *shut) admit(r *run, prepare func() error) error {
	if s.runs++; s.runs == 1 {
		return prepare()
	}
	r.hold()
	err := prepare()
	admitted := err == nil && s.plain(r) && s.same(reachOf(r.access, r.job.Dir))
	r.release(admitted)
	if !admitted {
		return errDeclined
	}
	return nil
}

// same reports whether a reach is what the process is shut in with.
func (s *shut) same(reach Reach) bool {
	reads, folders, known := identities(reach)
	return known && equal(reads, s.reads) && equal(folders, s.folders)
}

func equal(some, others []fs.FileInfo) bool {
	within := func(all []fs.FileInfo) func(fs.FileInfo) bool {
		return func(one fs.FileInfo) bool {
			return !slices.ContainsFunc(all, func(other fs.FileInfo) bool { return os.SameFile(one, other) })
		}
	}
	return !slices.ContainsFunc(some, within(others)) && !slices.ContainsFunc(others, within(some))
}

// plain reports whether the nodes of a run touch files by way of the run's database alone,
// and looked for none.
func (*shut) plain(r *run) bool {
	a := r.access
	if a.Network || r.searched || len(a.Folders)+len(a.Databases)+len(a.Programs)+len(a.Grounds) > 0 {
		return false
	}
	return !slices.ContainsFunc(r.steps, func(s *state) bool { return s.refused != nil || s.Given() })
}

// again reports whether another run may follow r, which has succeeded.
func (s *shut) again(r *run) bool {
	return !s.last && s.runs < mostRuns && s.plain(r) && !r.asks.asked() && r.job.Trial == nil
}

// searching notices when files are looked for, and not only at.
type searching struct {
	files.Roots
	found *bool
}

// Read implements node.Roots.
func (s searching) Read(pattern string) ([]string, error) {
	if files.IsPattern(pattern) {
		*s.found = true
	}
	return s.Roots.Read(pattern)
}

// Existing implements node.Roots.
func (s searching) Existing(path string) (string, error) {
	*s.found = true
	return s.Roots.Existing(path)
}

// Grounds implements node.Roots.
func (s searching) Grounds() ([]string, error) {
	*s.found = true
	return s.Roots.Grounds()
}
