package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/broked/broked/internal/fault"
)

func TestWhatMayBeShown(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		err       error
		kind      fault.Kind
		msg, code string
	}{
		{"plain error", io.EOF, fault.Internal, "something went wrong on our side", "internal"},
		{"internal fault keeps quiet", fault.New(fault.Internal, "disk 7"), fault.Internal, "something went wrong on our side", "internal"},
		{"wrapped fault", fmt.Errorf("read: %w", fault.New(fault.NotFound, "no run %s", "x")), fault.NotFound, "no run x", "not_found"},
		{"own code", fault.New(fault.Conflict, "taken").With("name_taken"), fault.Conflict, "taken", "name_taken"},
		{"cause stays inside", fault.Wrap(fault.Invalid, io.EOF, "bad body"), fault.Invalid, "bad body", "invalid_request"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := fault.KindOf(tc.err); got != tc.kind {
				t.Errorf("KindOf = %v, want %v", got, tc.kind)
			}
			if got := fault.MessageOf(tc.err); got != tc.msg {
				t.Errorf("MessageOf = %q, want %q", got, tc.msg)
			}
			if got := fault.CodeOf(tc.err); got != tc.code {
				t.Errorf("CodeOf = %q, want %q", got, tc.code)
			}
		})
	}
	if !errors.Is(fault.Wrap(fault.Invalid, io.EOF, "x"), io.EOF) {
		t.Error("a fault hides its cause from errors.Is")
	}
}

func TestRejectedNamesTheFirstProblem(t *testing.T) {
	t.Parallel()
	err := fault.Rejected("the pipeline cannot be saved", []fault.Problem{{Path: "name", Message: "is missing"}, {Path: "nodes", Message: "is empty"}})
	if got, want := fault.MessageOf(err), "the pipeline cannot be saved: name: is missing (and 1 more)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := len(fault.ProblemsOf(err)); got != 2 {
		t.Errorf("%d problems, want 2", got)
	}
}
