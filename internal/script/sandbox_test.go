package script

import (
	"errors"
	"testing"
)

// TestSandboxIsTold checks what is said of machines that have more or less of what
// shuts scripts in.
func TestSandboxIsTold(t *testing.T) {
	t.Parallel()
	closed := errors.New("operation not permitted")
	for name, tc := range map[string]struct {
		machine
		want    Level
		missing int
	}{
		"all":                    {machine{landlock: 7}, Full, 0},
		"no signals of Landlock": {machine{landlock: 5}, Full, 0},
		"no TCP of Landlock":     {machine{landlock: 3}, Partial, 1},
		"no Landlock":            {machine{}, Partial, 1},
		"no namespaces":          {machine{landlock: 7, namespaces: closed}, Partial, 1},
		"root":                   {machine{landlock: 7, root: true}, Partial, 1},
		"nothing":                {machine{namespaces: closed}, None, 2},
		"nothing, as root":       {machine{namespaces: closed, root: true}, None, 3},
	} {
		s := tc.sandbox()
		missing := 0
		for _, p := range s.Parts {
			if p.Detail == "" || p.Holds != (p.Remedy == "") {
				t.Errorf("%s: %+v", name, p)
			}
			if !p.Holds {
				missing++
			}
		}
		if s.Level != tc.want || missing != tc.missing {
			t.Errorf("%s: got %s with %d missing, want %s with %d", name, s.Level, missing, tc.want, tc.missing)
		}
	}
}

func TestThisMachineIsInspected(t *testing.T) {
	t.Parallel()
	s := Inspect()
	t.Logf("%+v", s)
	if refused := Refused(); (refused != nil) != (s.Level == None) {
		t.Errorf("%s, and refused: %v", s.Level, refused)
	}
}
