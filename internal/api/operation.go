package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
)

// call is what is registered: a path, who may call it, and words for the
// documentation. There is no other way to add a path, so none can be without a
// permission.
type call struct {
	method, path string
	may          auth.Permission
	tag, summary string
	class        Class // of limits; by method and path when not given
	status       int   // of success; 0 means 200
	body         int64 // most bytes of a body; 0 means 1 MiB
	bodyOptional bool
	// own, unless nil, lets requests of a public call in by credentials of the call's own.
	// Others are not looked at, and neither is the body before.
	own      func(ctx context.Context, c huma.Context) (context.Context, error)
	describe func(*huma.Operation)
}

const maxBody = 1 << 20

// register adds a call that is answered by h.
func register[I, O any](s *server, c call, h func(context.Context, *I) (*O, error)) {
	op := huma.Operation{
		OperationID:   operationID(c.method, c.path),
		Method:        c.method,
		Path:          c.path,
		Summary:       c.summary,
		Tags:          []string{c.tag},
		DefaultStatus: c.status,
		MaxBodyBytes:  maxBody,
		Middlewares:   huma.Middlewares{s.guard(c)},
		Metadata:      map[string]any{"permission": c.may, "class": classOf(c)},
	}
	if c.body > 0 {
		op.MaxBodyBytes = c.body
	}
	if c.may != auth.Public {
		op.Security = []map[string][]string{{"bearer": {}}, {"key": {}}, {"cookie": {}}}
		op.Extensions = map[string]any{"x-permission": string(c.may)}
		op.Parameters = []*huma.Param{{Ref: "#/components/parameters/" + workspaceParameter}}
	}
	if c.describe != nil {
		c.describe(&op)
	}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		err := s.stillOpen(ctx, c.may)
		if err != nil {
			return nil, s.answer(ctx, err)
		}
		out, err := h(ctx, in)
		if err != nil {
			return nil, s.answer(ctx, err)
		}
		return out, nil
	})
	if c.bodyOptional {
		op.RequestBody.Required = false // huma requires every body that a handler reads itself
	}
}

// guard lets a caller through who has the permission, in a workspace that they
// belong to, and puts who and where they are into the context. It decides by the
// operation, never by the path's text.
func (s *server) guard(to call) func(huma.Context, func(huma.Context)) {
	may, class := to.may, classOf(to)
	return func(c huma.Context, next func(huma.Context)) {
		caller := s.caller(c)
		ctx := context.WithValue(c.Context(), callerKey{}, caller)
		ctx = auth.WithOrigin(ctx, auth.Origin{Address: caller.Address, Agent: caller.Agent, RequestID: requestID(ctx)})
		if err := s.admit(class, caller); err != nil {
			s.refuse(ctx, c, err)
			return
		}
		if to.own != nil {
			s.guardOwn(ctx, to, c, next)
			return
		}
		if may != auth.Public && fromForm(c) {
			_ = huma.WriteErr(s.api, c, http.StatusUnsupportedMediaType, "forms are not taken: send JSON with Content-Type: application/json")
			return
		}
		ctx, actor, err := s.authorize(ctx, c, may, class)
		// A public call is for callers whose session is over, but not for mistakes.
		if err != nil && (may != auth.Public || fault.KindOf(err) == fault.Invalid) {
			s.refuse(ctx, c, err)
			return
		}
		if err == nil {
			err = s.admitKey(class, actor)
		}
		if _, limited := errors.AsType[*limitedError](err); limited {
			s.refuse(ctx, c, err)
			return
		}
		if actor.Token.Access == auth.BySession {
			if _, busy := s.busy.LoadOrStore(actor.Service, true); busy {
				s.refuse(ctx, c, errBusy)
				return
			}
			defer s.busy.Delete(actor.Service)
		}
		next(huma.WithContext(c, ctx))
	}
}

// guardOwn lets a caller through whom a call admits by credentials of its own.
func (s *server) guardOwn(ctx context.Context, to call, c huma.Context, next func(huma.Context)) {
	if !sendsJSON(c) {
		_ = huma.WriteErr(s.api, c, http.StatusUnsupportedMediaType, "the body must be JSON, with Content-Type: application/json")
		return
	}
	ctx, err := to.own(ctx, c)
	if err != nil {
		s.refuse(ctx, c, err)
		return
	}
	next(huma.WithContext(c, ctx))
}

// authorize finds out who is calling, and returns ctx with them and their place
// in it, and an error unless they may.
func (s *server) authorize(ctx context.Context, c huma.Context, may auth.Permission, class Class) (context.Context, auth.Actor, error) {
	caller, _ := ctx.Value(callerKey{}).(auth.Caller)
	actor, err := s.identify(ctx, c, class, caller)
	if err != nil {
		return ctx, auth.Actor{}, err
	}
	ctx = auth.WithWorkspace(auth.WithActor(ctx, actor), actor.Workspace)
	s.noteOpen(ctx, actor)
	if err := actor.May(may); err != nil {
		return ctx, actor, err
	}
	return ctx, actor, actor.Inside(may, caller.Workspace)
}

// stillOpen returns an error when a caller was let in without an account, and
// one was made while the body of the request was on its way.
func (s *server) stillOpen(ctx context.Context, may auth.Permission) error {
	actor, _ := auth.ActorFrom(ctx)
	if !actor.Open || may == auth.Public {
		return nil
	}
	needs, err := s.Auth.NeedsSetup(ctx)
	if err == nil && !needs {
		err = fault.New(fault.Unknown, "an account has been made: sign in first")
	}
	return err
}

// errBusy tells a service that asks while it is being answered.
var errBusy = fault.New(fault.Exhausted, "the service asks one thing at a time: wait for the answer to its other request").With("service_busy")

// refuse answers a request that does not get as far as its handler.
func (s *server) refuse(ctx context.Context, c huma.Context, err error) {
	body := s.answer(ctx, err)
	for name, values := range body.header {
		c.SetHeader(name, values[0])
	}
	_ = huma.WriteErr(s.api, c, body.status, body.Message, body) // a client that has left is not told
}

// answer turns err into what the client is told. What is not a fault is a bug of
// ours: it is logged with its cause, once, here.
func (s *server) answer(ctx context.Context, err error) *errorBody {
	if fault.KindOf(err) == fault.Internal && !errors.Is(err, context.Canceled) {
		s.Log.ErrorContext(ctx, "request failed", "error", err, "request_id", requestID(ctx))
	}
	s.noteRefusal(ctx, err)
	p := &errorBody{
		status:    statuses[fault.KindOf(err)],
		Message:   fault.MessageOf(err),
		Code:      fault.CodeOf(err),
		RequestID: requestID(ctx),
		Problems:  fault.ProblemsOf(err),
		header:    http.Header{},
	}
	if locked, ok := errors.AsType[*auth.LockedError](err); ok {
		p.retryAfter(locked.RetryAfter())
	} else if limited, ok := errors.AsType[*limitedError](err); ok {
		p.retryAfter(limited.verdict.RetryAfter())
		limited.write(p.header)
	} else if p.status == http.StatusServiceUnavailable || p.status == http.StatusTooManyRequests {
		p.retryAfter(1)
	}
	if challenge := challenge(err, p.status); challenge != "" {
		p.header.Set("WWW-Authenticate", challenge)
	}
	if _, ok := errors.AsType[oauthError](err); ok {
		p.Message, p.Description = p.Code, p.Message
	}
	return p
}

// challenge returns how a caller who was refused is to show who they are, or "".
func challenge(err error, status int) string {
	lacks, scoped := errors.AsType[*auth.ScopeError](err)
	switch {
	case scoped:
		return fmt.Sprintf("Bearer error=\"insufficient_scope\", scope=%q", lacks.Scope)
	case fault.CodeOf(err) == "invalid_client":
		return `Basic realm="broked"`
	case status == http.StatusUnauthorized:
		return "Bearer"
	}
	return ""
}
