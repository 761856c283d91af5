package runs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/pipelines"
)

// CodeActive is the error code of a run that was not started, because another one of
// its pipeline had not ended.
const CodeActive = "run_active"

// Line is what decides whether a pending run may start: how many runs there may be at
// once, and how many there are. It is counted from the runs themselves.
type Line struct {
	Most      int      // runs of the pipeline under way at once; 0 is any number
	UnderWay  int      // runs of the pipeline that have begun and not ended
	Slots     int      // of the run's pool; -1 without a pool
	Used      int      // of them, by running runs
	Users     []string // pipelines of the caller's workspace that use them, each once
	AllActive int      // running runs of all pipelines, or of Doers when there are any
	Shared    bool     // several processes may share the record
	Doers     int      // of them, those that do runs of the label
	AllSlots  int      // of these
	// Upstreams is what the pipeline depends on.
	Upstreams []Upstream
}

// Place is what two pending runs have in common when the same Line is theirs.
type Place struct {
	Pipeline pipelines.ID
	Pool     string
	Label    string
}

// reason says why r, which is pending, has not started; "" when nothing keeps it. Own is
// the process of who asks, which is the only one unless the record is shared.
func (l Line) reason(r Run, own Process) string {
	if first := cmp.Or(l.closed(r), l.nobody(r.Label, own)); first != "" {
		return first
	}
	slots := own.Slots
	if l.Shared {
		slots = l.AllSlots
	}
	switch {
	case r.StartedAt == nil && l.Most > 0 && l.UnderWay >= l.Most:
		return fmt.Sprintf("%d of %d runs of this pipeline are under way", l.UnderWay, l.Most)
	case r.Pool != "" && l.Slots >= 0 && l.Used >= l.Slots:
		by := ""
		if len(l.Users) > 0 {
			by = ", by " + strings.Join(l.Users, ", ")
		}
		return fmt.Sprintf("pool %s: %d of %d slots are used%s", r.Pool, l.Used, l.Slots, by)
	case slots > 0 && l.AllActive >= slots:
		return fmt.Sprintf("%d of %d slots of %s are used", l.AllActive, slots, l.who(r.Label))
	}
	return ""
}

// closed says which gates r waits at; "" when it waits at none.
func (l Line) closed(r Run) string {
	if r.GateUntil == nil {
		return ""
	}
	return strings.Join(Closed(l.Upstreams, time.Now()), "; ")
}

// nobody says that no process executes runs of a label; "" when one does, or when that is
// not known.
func (l Line) nobody(label string, own Process) string {
	switch there := l.Doers > 0 || !l.Shared && (own.Slots == 0 || own.Does(label)); {
	case there:
		return ""
	case label != "":
		return fmt.Sprintf("no worker with label %s is there", label)
	}
	return "no worker is there"
}

// who says whose slots are counted.
func (l Line) who(label string) string {
	switch {
	case label != "":
		return "workers with label " + label
	case l.Doers > 1:
		return "all servers and workers"
	}
	return "the server"
}

// explain says of those of all that are pending why they have not started.
func (s *Service) explain(ctx context.Context, all []Run) error {
	lines := map[Place]Line{}
	for i, r := range all {
		if r.Status != Pending {
			continue
		}
		at := Place{Pipeline: r.Pipeline, Pool: r.Pool, Label: r.Label}
		line, known := lines[at]
		if !known {
			var err error
			if line, err = s.store.Line(ctx, at); err != nil {
				return err
			}
			slices.SortFunc(line.Users, cmp.Compare[string])
			lines[at] = line
		}
		all[i].WaitReason = line.reason(r, s.own)
	}
	return nil
}

// Executes tells the service how many runs this process executes at once and which
// labels it has, which it gives as a reason. It is for the time before the service is
// used.
func (s *Service) Executes(slots int, labels []string) {
	s.own = Process{Slots: slots, Labels: labels}
}
