package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/fault"
)

func TestTransientIsSeenThroughWrapping(t *testing.T) {
	t.Parallel()
	refused := fault.Wrap(fault.Unavailable, io.EOF, "the service answered 503").With("http_error")
	for name, tc := range map[string]struct {
		err  error
		want bool
	}{
		"nothing":        {nil, false},
		"plain":          {io.EOF, false},
		"fault":          {refused, false},
		"marked":         {fault.Transient(io.EOF), true},
		"marked fault":   {fault.Transient(refused), true},
		"wrapped":        {fmt.Errorf("page 3: %w", fault.Transient(refused)), true},
		"cause":          {fault.Wrap(fault.Invalid, fault.Transient(io.EOF), "no answer"), true},
		"joined":         {errors.Join(io.ErrClosedPipe, fault.Transient(io.EOF)), true},
		"marked nothing": {fault.Transient(nil), false},
	} {
		if got := fault.IsTransient(tc.err); got != tc.want {
			t.Errorf("%s: IsTransient = %v, want %v", name, got, tc.want)
		}
	}
}

func TestTransientChangesNothingThatIsShown(t *testing.T) {
	t.Parallel()
	err := fault.Rejected("it cannot be used", []fault.Problem{{Path: "url", Message: "does not answer"}}).With("no_answer")
	marked := fault.Transient(err)
	if fault.KindOf(marked) != fault.KindOf(err) || fault.CodeOf(marked) != fault.CodeOf(err) || marked.Error() != err.Error() ||
		fault.MessageOf(marked) != fault.MessageOf(err) || !cmp.Equal(fault.ProblemsOf(marked), fault.ProblemsOf(err)) {
		t.Errorf("%v is shown in another way than %v", marked, err)
	}
	if !errors.Is(marked, err) {
		t.Error("a mark hides the error from errors.Is")
	}
}
