//go:build !linux

package engine

import "errors"

// Confine is for Linux; elsewhere DuckDB's own lock is all there is.
func Confine(Reach) error { return errors.ErrUnsupported }

// LimitProcess is for Linux; elsewhere the system's own limits are all there is.
func LimitProcess(uint64) error { return nil }
