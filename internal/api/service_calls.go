package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/issues"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/strictjson"
)

// The calls of services: programs with a token that lasts, which they exchange
// for short sessions, and that ask one thing at a time.
func (s *server) serviceCalls() {
	register(s, call{
		method: http.MethodPost, path: "/api/auth/service", may: auth.SignedIn, tag: "services", class: classToken,
		summary: "Exchange the token of a service for a session of 15 minutes",
	}, s.openServiceSession)
	register(s, call{
		method: http.MethodGet, path: "/api/users", may: auth.UsersView, tag: "services",
		summary: "List the users",
	}, s.listUsers)
	register(s, call{
		method: http.MethodGet, path: "/api/request", may: auth.SystemView, tag: "services",
		summary: "Ask the server, and the machines that execute runs, by the name of a request",
	}, s.request)
}

type serviceSession struct {
	SessionToken string    `json:"session_token" doc:"For Authorization: Bearer"`
	ExpiresIn    int       `json:"expires_in" doc:"Seconds"`
	ExpiresAt    time.Time `json:"expires_at"`
	ServiceName  string    `json:"service_name"`
}

func (s *server) openServiceSession(ctx context.Context, _ *struct{}) (*body[serviceSession], error) {
	actor, _ := auth.ActorFrom(ctx)
	t, err := s.Auth.OpenServiceSession(ctx, actor)
	if err != nil {
		return nil, err
	}
	return &body[serviceSession]{serviceSession{
		SessionToken: t.Text, ExpiresIn: int(auth.ServiceSessionLife.Seconds()), ExpiresAt: t.ExpiresAt, ServiceName: t.Name,
	}}, nil
}

// Machine is one that executes runs.
type Machine struct {
	Node        string           `json:"Node" doc:"Its name; of several processes on one machine, with a number"`
	Platform    string           `json:"Platform" doc:"Operating system and architecture"`
	Kind        runs.ProcessKind `json:"Kind" enum:"server,worker"`
	State       string           `json:"State" enum:"online"`
	Version     string           `json:"Version"`
	Labels      []string         `json:"Labels" doc:"Runs that have one of these are executed here as well"`
	StartedAt   time.Time        `json:"StartedAt"`
	SeenAt      *time.Time       `json:"SeenAt,omitempty" doc:"When it last said that it is alive; what it tells is of then. Absent when the database is a file"`
	CPUs        int              `json:"CPUs"`
	Load        float64          `json:"Load" doc:"Mean number of processes that wanted a processor in the last minute"`
	MemoryTotal uint64           `json:"MemoryTotal" doc:"Bytes"`
	MemoryFree  uint64           `json:"MemoryFree" doc:"Bytes"`
	ActiveRuns  int              `json:"ActiveRuns"`
	MaxRuns     int              `json:"MaxRuns"`
}

// question is what a service asks.
type question struct {
	Name  string   `json:"RequestName"`
	ID    string   `json:"RequestId"`
	Nodes []string `json:"Nodes"`
}

// envelope is the answer to a question.
type envelope struct {
	Result    []any       `json:"Result"`
	Errors    []nodeError `json:"Errors" doc:"Machines that could not answer"`
	RequestID string      `json:"RequestId"`
	Response  string      `json:"ResponseMaster"`
}

// nodeError says that one machine could not answer.
type nodeError struct {
	Node     string `json:"Node"`
	Platform string `json:"Platform"`
	Result   string `json:"Result" doc:"What went wrong"`
	Response string `json:"ResponseNode" enum:"ResponseNodeError"`
}

// requestKind is one thing that can be asked. It is answered by each machine
// that is asked, or once by the server when it is about what the server keeps.
type requestKind struct {
	Name    string          `json:"RequestName"`
	Summary string          `json:"Summary"`
	May     auth.Permission `json:"Permission"`
	ask     func(context.Context, *server, Machine) ([]any, error)
	once    bool
}

// requests are all that can be asked, by name.
func requests() []requestKind {
	return []requestKind{
		{"RequestIssues", "List the open issues", auth.IssuesView, askIssues, true},
		{"RequestMetadata", "List what can be asked, and tell the server's version", auth.SystemView, askMetadata, true},
		{"RequestNodesInfo", "List the machines that execute runs", auth.SystemView, askMachine, false},
		{"RequestPipelines", "List the pipelines", auth.PipelinesView, askPipelines, true},
		{"RequestRuns", "List the newest runs", auth.RunsView, askRuns, true},
	}
}

func (s *server) request(ctx context.Context, in *struct {
	Request string `query:"request" required:"true" maxLength:"16384" doc:"JSON: {\"RequestName\": \"RequestNodesInfo\", \"RequestId\": a GUID, \"Nodes\": [names]}; the last two may be absent"`
},
) (*body[envelope], error) {
	var q question
	if err := strictjson.Decode([]byte(in.Request), &q); err != nil {
		return nil, err
	}
	kinds := requests()
	i := slices.IndexFunc(kinds, func(k requestKind) bool { return k.Name == q.Name })
	if i < 0 {
		return nil, unknownRequest(q.Name, kinds)
	}
	if q.ID != "" && !id.IsGUID(q.ID) {
		return nil, fault.Rejected("the request is not right", []fault.Problem{{Path: "RequestId", Message: "is not a GUID"}})
	}
	actor, _ := auth.ActorFrom(ctx)
	if err := actor.May(kinds[i].May); err != nil {
		return nil, err
	}
	if q.ID == "" {
		q.ID = id.New()
	}
	answer, err := s.ask(ctx, kinds[i], q.Nodes)
	answer.RequestID = q.ID
	return &body[envelope]{answer}, err
}

func unknownRequest(name string, kinds []requestKind) error {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Name
	}
	message := "there is no request " + name + fault.DidYouMean(name, names) + "; RequestMetadata lists them"
	return fault.Rejected(message, []fault.Problem{{Path: "RequestName", Message: message}})
}

// ask puts a request to the machines with these names, or to all. A machine that
// is not there, or that fails, is told in Errors and keeps nobody else from
// answering.
func (s *server) ask(ctx context.Context, kind requestKind, names []string) (envelope, error) {
	out := envelope{Result: []any{}, Errors: []nodeError{}, Response: "Response" + kind.Name[len("Request"):]}
	machines, err := s.Machines(ctx)
	if err != nil {
		return out, err
	}
	for _, name := range names {
		if !slices.ContainsFunc(machines, func(m Machine) bool { return m.Node == name }) {
			out.Errors = append(out.Errors, nodeError{name, "", "there is no node of this name", "ResponseNodeError"})
		}
	}
	for _, m := range machines {
		if len(names) > 0 && !slices.Contains(names, m.Node) {
			continue
		}
		result, err := kind.ask(ctx, s, m)
		if err != nil {
			s.Log.ErrorContext(ctx, "a machine could not answer", "node", m.Node, "request", kind.Name, "error", err)
			out.Errors = append(out.Errors, nodeError{m.Node, m.Platform, fault.MessageOf(err), "ResponseNodeError"})
			continue
		}
		out.Result = append(out.Result, result...)
		if kind.once {
			break
		}
	}
	return out, nil
}

func askMachine(_ context.Context, _ *server, m Machine) ([]any, error) { return []any{m}, nil }

func askMetadata(_ context.Context, s *server, _ Machine) ([]any, error) {
	return []any{map[string]any{"Version": s.Info().Version, "Requests": requests()}}, nil
}

func askIssues(ctx context.Context, s *server, _ Machine) ([]any, error) {
	open, err := s.Issues.List(ctx, issues.Filter{State: issues.Unresolved, Page: pipelines.Page{Limit: bareMost}})
	return anys(open), err
}

func askPipelines(ctx context.Context, s *server, _ Machine) ([]any, error) {
	all, err := s.Pipelines.List(ctx, pipelines.Page{Limit: bareMost})
	return anys(all), err
}

func askRuns(ctx context.Context, s *server, _ Machine) ([]any, error) {
	all, err := s.Runs.List(ctx, runs.Filter{Page: pipelines.Page{Limit: bareMost}})
	return anys(all), err
}

func anys[T any](all []T) []any {
	out := make([]any, len(all))
	for i, v := range all {
		out[i] = v
	}
	return out
}
