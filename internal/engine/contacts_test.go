package engine_test

import (
	"bufio"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/executor"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/store/storetest"
)

// contactsFile has the contacts that a server has, in cases that want some: a JSON
// object in each line.
const contactsFile = "contacts.ndjson"

// people is a server's contacts.
type people struct {
	t       *testing.T
	service *contacts.Service
}

func newPeople(t *testing.T, lines string) people {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: storetest.SQLite(t), Log: slog.New(slog.DiscardHandler)})
	ok(t, err)
	t.Cleanup(func() { _ = db.Close(t.Context()) })
	q, err := queue.New(t.Context(), db.Writer(), slog.New(slog.DiscardHandler), queue.Options{Slots: 1, Grace: time.Second})
	ok(t, err)
	p := people{t, contacts.NewService(store.New(db, q), contacts.Files(t.TempDir()), &news.Board{})}
	for line := range strings.Lines(lines) {
		d, err := contacts.Read([]byte(line))
		ok(t, err)
		_, _, err = p.service.Upsert(t.Context(), d, "api")
		ok(t, err)
	}
	return p
}

// answer answers the questions of nodes that are about contacts.
func (p people) answer(q job.Question) job.Reply {
	answers := map[string]executor.Answer{
		contacts.AskPage: executor.Answering(p.service.Page), contacts.AskPut: executor.Answering(p.service.Put),
	}
	result, err := answers[q.What](p.t.Context(), executor.Asker{}, q.Body)
	if err != nil {
		return job.Reply{ID: q.ID, Error: job.FailureOf(err)}
	}
	body, err := json.Marshal(result)
	if err != nil {
		return job.Reply{ID: q.ID, Error: job.FailureOf(fault.Wrap(fault.Internal, err, "the answer has no JSON"))}
	}
	return job.Reply{ID: q.ID, Body: body}
}

// lines returns all contacts without what differs from run to run.
func (p people) lines() string {
	all, err := p.service.List(p.t.Context(), contacts.Filter{Oldest: true, Limit: 1000})
	ok(p.t, err)
	var text strings.Builder
	w := bufio.NewWriter(&text)
	for _, c := range all {
		b, err := json.Marshal(c)
		ok(p.t, err)
		var members map[string]any
		ok(p.t, json.Unmarshal(b, &members))
		for name, v := range members {
			list, _ := v.([]any)
			object, _ := v.(map[string]any)
			if name == "id" || strings.HasSuffix(name, "_at") || v == "" || v == nil || list != nil && len(list) == 0 || object != nil && len(object) == 0 {
				delete(members, name)
			}
		}
		ok(p.t, json.NewEncoder(w).Encode(members))
	}
	ok(p.t, w.Flush())
	return text.String()
}
