package executor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// statesFile is the file in a run's folder with what its nodes want to keep for the
// pipeline's next run. It counts when the run succeeds; until then it is for whoever
// resumes the run, who does not compute those nodes again.
const statesFile = "states.json"

// keptState is what a node wants to keep, and what it had begun with.
type keptState struct {
	Begun json.RawMessage `json:"begun,omitempty"`
	Kept  json.RawMessage `json:"kept"`
}

// keptStates writes that file.
type keptStates struct {
	dir   string
	begun map[string]json.RawMessage
	all   map[string]keptState
}

func newKeptStates(dir string, begun map[string]json.RawMessage) *keptStates {
	return &keptStates{dir: dir, begun: begun, all: make(map[string]keptState)}
}

func (k *keptStates) note(node string, state json.RawMessage) error {
	k.all[node] = keptState{Begun: k.begun[node], Kept: state}
	text, err := json.Marshal(k.all)
	if err != nil {
		return fmt.Errorf("keep states: %w", err)
	}
	path := filepath.Join(k.dir, statesFile)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return fmt.Errorf("keep states: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("keep states: %w", err)
	}
	return nil
}

// statesLeft returns what a run has written there. No file is no state.
func statesLeft(dir string) (map[string]keptState, error) {
	text, err := os.ReadFile(filepath.Join(dir, statesFile)) //nolint:gosec // in our own folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // nothing was kept
	}
	var all map[string]keptState
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("read kept states: %w", err)
	}
	return all, nil
}

// still reports whether the pipeline's state is the one that the node had begun with:
// no other run has gone on from there meanwhile.
func (k keptState) still(now json.RawMessage) bool { return bytes.Equal(k.Begun, now) }
