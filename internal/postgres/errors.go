package postgres

import (
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// The codes that are told apart: https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	uniqueViolation     = "23505"
	foreignKeyViolation = "23503"
	queryCanceled       = "57014"
	readOnly            = "25006"
	diskFull            = "53100"
)

// Trouble is a kind of failure that is nobody's mistake.
type Trouble int

// The kinds of trouble.
const (
	None        Trouble = iota
	Busy                // a lock was not to be had in time
	Full                // the server's disk is full
	ReadOnly            // a standby, or a server that was told so
	Interrupted         // the statement was stopped
	Unreachable         // no connection, or none any more
)

// troubles are the classes and codes of errors that are trouble.
var troubles = map[string]Trouble{
	"55P03": Busy, "40001": Busy, "40P01": Busy,
	diskFull: Full, readOnly: ReadOnly, queryCanceled: Interrupted,
	"25P03": Unreachable, // held a transaction for too long
	"57P01": Unreachable, "57P02": Unreachable, "57P03": Unreachable, "57P05": Unreachable, "53300": Unreachable,
}

// TroubleOf returns what kind of trouble err means.
func TroubleOf(err error) Trouble {
	c := code(err)
	if t, ok := troubles[c]; ok {
		return t
	}
	if strings.HasPrefix(c, "08") {
		return Unreachable
	}
	if c != "" || err == nil {
		return None
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return Unreachable
	}
	if _, ok := errors.AsType[*net.OpError](err); ok || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) {
		return Unreachable
	}
	return None
}

// IsTaken reports whether err means that a key exists already.
func IsTaken(err error) bool { return code(err) == uniqueViolation }

// IsOrphan reports whether err means that what a row belongs to is not there.
func IsOrphan(err error) bool { return code(err) == foreignKeyViolation }

func code(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}
