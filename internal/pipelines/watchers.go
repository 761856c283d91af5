package pipelines

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
)

// Watcher is a trigger of a pipeline: something that the server looks at, and that starts
// runs when it changes.
type Watcher struct {
	Name   string            `json:"name" doc:"Unique in the pipeline: lower-case letters, digits, '_' and '-'"`
	Type   WatcherType       `json:"type" enum:"file,contacts"`
	Paused bool              `json:"paused,omitempty" doc:"What changes meanwhile starts runs afterwards"`
	Params map[string]string `json:"params,omitempty" doc:"Parameters of its runs, besides those that it gives them itself"`

	ConnID    string `json:"conn_id,omitempty" doc:"file: a connection to where the files are, such as a bucket; the server's disk when absent"`
	Path      string `json:"path,omitempty" doc:"file: a path or a pattern, as in source_file"`
	StableFor string `json:"stable_for,omitempty" doc:"file: how long a file must stay as it is, such as 30s; 10s when absent, 1h at most"`
	Existing  bool   `json:"existing,omitempty" doc:"file: those that are there when the trigger is made start runs as well"`
	Every     string `json:"every,omitempty" doc:"file, with conn_id: how often is looked, such as 5m; 1m when absent, 5s at least, 24h at most"`

	Product  string   `json:"product,omitempty" enum:"recruiting,retention" doc:"contacts: only leads, or only agents"`
	Events   []string `json:"events,omitempty" doc:"contacts: created, updated, deleted; the first two when absent"`
	QuietFor string   `json:"quiet_for,omitempty" doc:"contacts: for how long nothing more must have changed, such as 30s; 10s when absent, 1h at most"`
	AtMost   string   `json:"at_most,omitempty" doc:"contacts: how long a change waits for others; 5m when absent, 24h at most"`
}

// WatcherType says what is looked at.
type WatcherType string

// The types of watchers.
const (
	WatchFiles    WatcherType = "file"
	WatchContacts WatcherType = "contacts"
)

// The events of contacts.
const (
	ContactCreated = "created"
	ContactUpdated = "updated"
	ContactDeleted = "deleted"
)

// The times of watchers, unless they say.
const (
	defaultStable = 10 * time.Second
	defaultEvery  = time.Minute
	leastEvery    = 5 * time.Second
	defaultQuiet  = 10 * time.Second
	defaultAtMost = 5 * time.Minute
	mostWatchers  = 20
)

// Stable returns how long a file must stay as it is.
func (w Watcher) Stable() time.Duration { return length(w.StableFor, defaultStable) }

// Interval returns how often the files of a connection are looked at.
func (w Watcher) Interval() time.Duration { return length(w.Every, defaultEvery) }

// Quiet returns for how long nothing more must have changed.
func (w Watcher) Quiet() time.Duration { return length(w.QuietFor, defaultQuiet) }

// Longest returns how long a change waits for others.
func (w Watcher) Longest() time.Duration { return length(w.AtMost, max(defaultAtMost, w.Quiet())) }

func length(text string, otherwise time.Duration) time.Duration {
	if d, err := time.ParseDuration(text); err == nil {
		return d
	}
	return otherwise
}

// Wants reports whether an event of a contact is one that w is for.
func (w Watcher) Wants(event string) bool {
	if len(w.Events) == 0 {
		return event != ContactDeleted
	}
	return slices.Contains(w.Events, event)
}

// Same reports whether w looks at what o does, so that what o has seen w need not see
// again.
func (w Watcher) Same(o Watcher) bool {
	return w.Type == o.Type && w.ConnID == o.ConnID && w.Path == o.Path && w.Existing == o.Existing && w.Product == o.Product && slices.Equal(w.Events, o.Events)
}

// Gives returns examples of the parameters that w gives its runs itself.
func (w Watcher) Gives() map[string]string {
	if w.Type == WatchFiles {
		return map[string]string{"file": "/data/in.csv", "file_name": "in.csv"}
	}
	return map[string]string{
		"contacts_changed": "1", "contacts_created": "1", "contacts_updated": "0", "contacts_deleted": "0", "contacts_since": "2026-03-01T12:00:00Z",
	}
}

// Taken returns the parameters of a run of d that w starts: its own, and of given those
// that d names; all of them when it names none.
func (d Document) Taken(w Watcher, given map[string]string) map[string]string {
	params := map[string]string{}
	for name, value := range given {
		_, declared := d.Parameters[name]
		if _, valued := d.Params[name]; declared || valued || len(d.Parameters) == 0 {
			params[name] = value
		}
	}
	maps.Copy(params, w.Params)
	return params
}

// unlessFor says of each type what belongs to the others.
func (w Watcher) unlessFor() map[string]bool {
	if w.Type == WatchFiles {
		return map[string]bool{"every": w.Every != "" && w.ConnID == "", "product": w.Product != "", "events": len(w.Events) > 0, "quiet_for": w.QuietFor != "", "at_most": w.AtMost != ""}
	}
	return map[string]bool{"conn_id": w.ConnID != "", "every": w.Every != "", "path": w.Path != "", "stable_for": w.StableFor != "", "existing": w.Existing}
}

func (d Document) checkWatchers(f *Findings) {
	if len(d.Triggers) > mostWatchers {
		f.add("triggers", "are more than %d", mostWatchers)
	}
	for i, w := range d.Triggers {
		path := at("triggers", i)
		if !scheduleName.MatchString(w.Name) {
			f.add(path+".name", "must be lower-case letters, digits, '_' and '-', at most 64 of them")
		}
		if slices.ContainsFunc(d.Triggers[:i], func(o Watcher) bool { return o.Name == w.Name }) {
			f.add(path+".name", "%q is used already", w.Name)
		}
		if w.Type != WatchFiles && w.Type != WatchContacts {
			f.add(path+".type", "must be file or contacts, not %q", w.Type)
			continue
		}
		for _, member := range slices.Sorted(maps.Keys(w.unlessFor())) {
			if w.unlessFor()[member] {
				f.add(path+"."+member, "is not for triggers of type %s%s", w.Type, map[bool]string{true: " without conn_id"}[w.Type == WatchFiles && member == "every"])
			}
		}
		w.check(f, path)
		for _, p := range fault.ProblemsOf(d.CheckParams(d.Taken(w, w.Gives()))) {
			f.add(path+"."+p.Path, "%s", p.Message)
		}
	}
}

func (w Watcher) check(f *Findings, path string) {
	if w.Type == WatchFiles {
		switch {
		case strings.TrimSpace(w.Path) == "":
			f.add(path+".path", "is missing")
		case strings.Contains(w.Path, "${"):
			f.add(path+".path", "must not have placeholders: it is looked at before there is a run")
		}
		if w.ConnID != "" && !id.Plausible(w.ConnID) || w.ConnID != strings.ToLower(w.ConnID) {
			f.add(path+".conn_id", "must be the conn_id of a connection, such as lake")
		}
	}
	if w.Product != "" && w.Product != "recruiting" && w.Product != "retention" {
		f.add(path+".product", "must be recruiting or retention, not %q", w.Product)
	}
	for _, event := range w.Events {
		if !slices.Contains([]string{ContactCreated, ContactUpdated, ContactDeleted}, event) {
			f.add(path+".events", "must be created, updated or deleted, not %q", event)
		}
	}
	w.checkTimes(f, path)
}

func (w Watcher) checkTimes(f *Findings, path string) {
	for _, one := range []struct {
		member, text string
		least, most  time.Duration
	}{
		{"stable_for", w.StableFor, 0, time.Hour},
		{"every", w.Every, leastEvery, 24 * time.Hour},
		{"quiet_for", w.QuietFor, 0, time.Hour},
		{"at_most", w.AtMost, w.Quiet(), 24 * time.Hour},
	} {
		d, err := time.ParseDuration(one.text)
		if one.text != "" && (err != nil || d < one.least || d > one.most) {
			f.add(path+"."+one.member, "must be a time between %s and %s, such as 30s", one.least, one.most)
		}
	}
}

// mayWatch returns a Denied fault when after has triggers that before has not, and that
// tell of what the actor must not see.
func mayWatch(actor auth.Actor, before, after Document) error {
	for i, w := range after.Triggers {
		if w.Type != WatchContacts || slices.ContainsFunc(before.Triggers, w.Same) {
			continue
		}
		if err := actor.May(auth.ContactsView); err != nil {
			return lacking(err, at("triggers", i), "contacts", string(auth.ContactsView))
		}
	}
	return nil
}

// Settings returns w as it is stored apart from its document.
func (w Watcher) Settings() (string, error) {
	text, err := json.Marshal(w)
	return string(text), err
}

// PauseTrigger saves the pipeline with one of its triggers paused or not. One that is not
// there is a NotFound fault, and one that is so already changes nothing.
func (s *Service) PauseTrigger(ctx context.Context, ref, name string, paused bool) (Document, error) {
	old, err := s.find(ctx, ref)
	if err != nil {
		return Document{}, err
	}
	d := old.Document
	d.Triggers = slices.Clone(d.Triggers)
	i := slices.IndexFunc(d.Triggers, func(w Watcher) bool { return w.Name == name })
	if i < 0 {
		return Document{}, fault.New(fault.NotFound, "the pipeline has no trigger %q", name).With("trigger_not_found")
	}
	if d.Triggers[i].Paused == paused {
		return d, nil
	}
	d.Triggers[i].Paused = paused
	what := "resumed"
	if paused {
		what = "paused"
	}
	return s.save(ctx, old, d, fmt.Sprintf("trigger %s %s", name, what))
}
