package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/issues"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
)

// recheck is how often a stream makes sure that its caller may still read it,
// and shows that it is alive.
const recheck = 5 * time.Second

func (s *server) streamCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/runs/{run}/events", may: auth.RunsView, tag: "runs",
		summary:  "Follow what happens in a run (server-sent events); ends with the run",
		describe: streams,
	}, s.followRun)
	register(s, call{
		method: http.MethodGet, path: "/api/events", may: auth.RunsView, tag: "runs",
		summary:  "Follow the status of all runs, and hear that issues or pipelines changed (server-sent events)",
		describe: streams,
	}, s.followAll)
}

func streams(op *huma.Operation) {
	op.Responses = map[string]*huma.Response{"200": {
		Description: "Server-sent events; reconnecting with Last-Event-ID resumes",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}},
	}}
}

// stream is an open answer of server-sent events.
type stream struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

func openStream(c huma.Context) *stream {
	_, w := humachi.Unwrap(c)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // or a proxy holds events back
	w.WriteHeader(http.StatusOK)
	st := &stream{w: w, rc: http.NewResponseController(w)}
	_ = st.write("retry: 1000\n\n") // a client that has left shows at the next write
	return st
}

// send writes one event. A name of "" is a plain message; id 0 is none.
func (st *stream) send(id int64, name string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	lines := ""
	if id > 0 {
		lines += "id: " + strconv.FormatInt(id, 10) + "\n"
	}
	if name != "" {
		lines += "event: " + name + "\n"
	}
	return st.write(lines + "data: " + string(text) + "\n\n")
}

func (st *stream) alive() error { return st.write(": alive\n\n") }

func (st *stream) write(text string) error {
	// The server's limit on writing is for short answers; a stream has one for each
	// event, so that a client that does not read is let go.
	if err := st.rc.SetWriteDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(st.w, text); err != nil {
		return err
	}
	return st.rc.Flush()
}

// still reports whether the caller may go on reading: sessions end, and open
// mode ends with the first account, for streams too.
func (s *server) still(ctx context.Context, c huma.Context) bool {
	caller, _ := ctx.Value(callerKey{}).(auth.Caller)
	actor, err := s.identify(ctx, c, classDetail, caller)
	return err == nil && actor.May(auth.RunsView) == nil && actor.Workspace == auth.WorkspaceFrom(ctx)
}

func (s *server) followRun(ctx context.Context, in *struct {
	ByRun
	LastEventID int64 `header:"Last-Event-ID" doc:"The id of the last event that the caller has"`
	After       int64 `query:"after" minimum:"0" doc:"The same, for clients that cannot set headers"`
},
) (*huma.StreamResponse, error) {
	if _, err := s.Runs.Get(ctx, in.Run); err != nil {
		return nil, err
	}
	leave, err := s.streams.enter(ctx)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer leave()
		st := openStream(c)
		follow, cancel := context.WithCancel(c.Context())
		defer cancel()
		events := make(chan runs.Event)
		go func() {
			defer close(events)
			for e, err := range s.Runs.Follow(follow, in.Run, max(in.LastEventID, in.After)) {
				if err != nil {
					s.Log.WarnContext(follow, "stream ends", "error", err)
					return
				}
				select {
				case events <- e:
				case <-follow.Done():
					return
				}
			}
		}()
		s.pump(c, st, events)
	}}, nil
}

// pump writes events until there are no more, the client has left, or it may not
// read any longer.
func (s *server) pump(c huma.Context, st *stream, events <-chan runs.Event) {
	ticker := time.NewTicker(recheck)
	defer ticker.Stop()
	for {
		select {
		case e, more := <-events:
			if !more || st.send(e.Seq, string(e.Type), e) != nil {
				return
			}
		case <-ticker.C:
			if !s.still(c.Context(), c) || st.alive() != nil {
				return
			}
		case <-c.Context().Done():
			return
		}
	}
}

// runChanged tells that a run has a new status.
type runChanged struct {
	Type     string       `json:"type"`
	Run      runs.ID      `json:"run_id"`
	Pipeline pipelines.ID `json:"pipeline_id"`
	Status   runs.Status  `json:"status"`
}

// changeHint tells that something has changed; what it was, the caller may ask.
type changeHint struct {
	Type string `json:"type"`
}

// hint sends an event of a type to those who may read what has changed.
func (st *stream) hint(ctx context.Context, may auth.Permission, event string) error {
	if actor, _ := auth.ActorFrom(ctx); actor.May(may) == nil {
		return st.send(0, event, changeHint{event})
	}
	return nil
}

// watched is how many of the newest runs the stream of all runs looks at.
const watched = 100

func (s *server) followAll(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	leave, err := s.streams.enter(ctx)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer leave()
		ctx := c.Context()
		other, endOther := s.News.Watch(issues.ChangedIn(auth.HomeFrom(ctx)))
		defer endOther()
		saved, endSaved := s.News.Watch(pipelines.ChangedIn(auth.HomeFrom(ctx)))
		defer endSaved()
		st := openStream(c)
		woken, end := s.News.Watch(runs.Changed)
		defer end()
		ticker := time.NewTicker(recheck)
		defer ticker.Stop()
		known, err := s.changed(ctx, nil, func(runChanged) error { return nil })
		for err == nil {
			select {
			case <-ctx.Done():
				return
			case <-woken:
				known, err = s.changed(ctx, known, func(e runChanged) error { return st.send(0, e.Type, e) })
			case <-other:
				err = st.hint(ctx, auth.IssuesView, "issues.changed")
			case <-saved:
				err = st.hint(ctx, auth.PipelinesView, "pipelines.changed")
			case <-ticker.C:
				if !s.still(ctx, c) {
					return
				}
				err = st.alive()
			}
		}
	}}, nil
}

// changed tells every run among the newest whose status is not the known one,
// and returns what is known after that.
func (s *server) changed(ctx context.Context, known map[runs.ID]runs.Status, tell func(runChanged) error) (map[runs.ID]runs.Status, error) {
	newest, err := s.Runs.List(ctx, runs.Filter{Page: pipelines.Page{Limit: watched}})
	if err != nil {
		return nil, err
	}
	now := make(map[runs.ID]runs.Status, len(newest))
	for _, r := range newest {
		now[r.ID] = r.Status
		if known[r.ID] != r.Status {
			if err := tell(runChanged{Type: "run.changed", Run: r.ID, Pipeline: r.Pipeline, Status: r.Status}); err != nil {
				return nil, err
			}
		}
	}
	return now, nil
}
