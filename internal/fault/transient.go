package fault

import "errors"

// transient marks an error without being a part of what it says.
type transient struct{ error }

// Unwrap returns the error that is marked.
func (t transient) Unwrap() error { return t.error }

// Transient marks err as one that may pass by itself, so that the same thing is
// worth another try: a connection that was refused or lost, an answer 429 or 5xx, a
// lock that was not free in time. Kind, code, message and problems of err stay as
// they are. Nil stays nil.
func Transient(err error) error {
	if err == nil {
		return nil
	}
	return transient{err}
}

// IsTransient reports whether an error in err's chain is marked as Transient.
func IsTransient(err error) bool {
	_, is := errors.AsType[transient](err)
	return is
}
