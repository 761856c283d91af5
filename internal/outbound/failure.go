package outbound

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/broked/broked/internal/fault"
)

// readOfFailure is how many bytes of an answer that is no success are read.
const readOfFailure = 8 << 10

// PostponedError is a failure whose server has said when to come again.
type PostponedError struct {
	error

	After time.Duration
	// Busy says that the server has refused for want of room alone (429), so that
	// nothing is wrong with what it was asked.
	Busy bool
}

// Unwrap returns the failure.
func (p *PostponedError) Unwrap() error { return p.error }

// Failure returns nil for an answer that is a success, and else a fault with the code
// bad_answer and the beginning of what it says, without the secrets. A failure that may
// pass is Unavailable and marked as transient, and a PostponedError if the server has said when
// to come again; others are Invalid.
func Failure(res *http.Response, secrets ...string) error {
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return nil
	}
	beginning, _ := io.ReadAll(io.LimitReader(res.Body, readOfFailure))
	words := fmt.Sprintf("%s answered %d %s", res.Request.URL.Hostname(), res.StatusCode, http.StatusText(res.StatusCode))
	if said := Said(string(beginning), secrets...); said != "" {
		words += ": " + said
	}
	if !MayPass(res.StatusCode) {
		return fault.New(fault.Invalid, "%s", words).With("bad_answer")
	}
	err := fault.Transient(fault.New(fault.Unavailable, "%s", words).With("bad_answer"))
	if after, asked := RetryAfter(res.Header, time.Now()); asked {
		return &PostponedError{err, after, res.StatusCode == http.StatusTooManyRequests}
	}
	return err
}

// Postponement returns the PostponedError in the chain of err, or nil.
func Postponement(err error) *PostponedError {
	p, _ := errors.AsType[*PostponedError](err)
	return p
}
