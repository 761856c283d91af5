// Package fault is an error that may cross a package border on purpose: it has
// a kind for programs, words for people and a cause for the log. An error that
// is no fault is a bug or a broken machine, and counts as Internal.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure an error is.
type Kind int

// The kinds of failure.
const (
	Internal      Kind = iota // our fault; people are told nothing about it
	Invalid                   // the caller sent something that cannot be right
	Unknown                   // the caller did not say who they are, or it was wrong
	Denied                    // the caller may not do this
	NotFound                  // there is no such thing
	Conflict                  // it clashes with what is there
	Stale                     // the caller's version is no longer the newest
	Exhausted                 // too many requests, or a limit is used up
	Unavailable               // we cannot answer now; later we can
	Full                      // there is no room to keep what this would leave
	Unprocessable             // what was sent is well-formed, and wrong in what it says
)

// Problem is one thing that is wrong with a document, and where.
type Problem struct {
	Path    string `json:"path" doc:"Where it is, such as nodes[1].config.rules[0].column"`
	Message string `json:"message" doc:"What is wrong and what to do"`
}

// Error is a classified failure.
type Error struct {
	Kind     Kind
	Code     string    // stable, snake_case, for programs; empty means the kind's own
	Msg      string    // for people: no secrets, no SQL, no stack
	Problems []Problem // what is wrong with a document, in document order
	Cause    error     // for the log, or nil
}

// New returns a fault of kind with a formatted message for people.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Msg: fmt.Sprintf(format, args...)}
}

// Wrap classifies cause. The message is for people; the cause is for the log.
func Wrap(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Msg: fmt.Sprintf(format, args...), Cause: cause}
}

// Rejected returns an Invalid fault that carries problems. Its message is the
// first of them, so that a client which shows only the message helps as well.
func Rejected(what string, problems []Problem) *Error {
	e := &Error{Kind: Invalid, Code: "invalid_document", Problems: problems, Msg: what}
	if len(problems) > 0 {
		e.Msg = fmt.Sprintf("%s: %s: %s", what, problems[0].Path, problems[0].Message)
	}
	if more := len(problems) - 1; more > 0 {
		e.Msg += fmt.Sprintf(" (and %d more)", more)
	}
	return e
}

// With returns a copy of e with a stable code.
func (e *Error) With(code string) *Error {
	c := *e
	c.Code = code
	return &c
}

// Error implements error with the message and the cause, for logs.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Msg
	}
	return e.Msg + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf returns the kind of the outermost fault in err's chain, or Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// MessageOf returns what may be shown to a person: the message of the outermost
// fault in err's chain, or a stock sentence when there is none or it is Internal.
func MessageOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal {
		return e.Msg
	}
	return "something went wrong on our side"
}

// codes are the words for programs of faults that name none themselves.
var codes = map[Kind]string{
	Internal:      "internal",
	Invalid:       "invalid_request",
	Unknown:       "authentication_required",
	Denied:        "permission_denied",
	NotFound:      "not_found",
	Conflict:      "conflict",
	Stale:         "version_conflict",
	Exhausted:     "rate_limited",
	Unavailable:   "unavailable",
	Full:          "storage_full",
	Unprocessable: "validation_failed",
}

// CodeOf returns the stable code of err: the fault's own, else its kind's.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal && e.Code != "" {
		return e.Code
	}
	return codes[KindOf(err)]
}

// ProblemsOf returns the problems of the outermost fault in err's chain.
func ProblemsOf(err error) []Problem {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Problems
	}
	return nil
}
