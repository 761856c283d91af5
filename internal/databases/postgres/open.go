package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// DefaultPort is where PostgreSQL listens.
const DefaultPort = 5432

const defaultConnectTimeout = 10 // seconds

// Options are the options of a connection.
type Options struct {
	databases.TLS

	ConnectTimeout   float64 `json:"connect_timeout"`   // seconds
	StatementTimeout float64 `json:"statement_timeout"` // seconds; 0 is none
	ApplicationName  string  `json:"application_name"`
}

// Config returns how to connect by c, through dialer alone. Nothing of the environment
// and of the home folder counts. Certificates that cannot be read are Invalid faults.
func Config(c connection.Connection, dialer *outbound.Dialer) (*pgx.ConnConfig, error) {
	o := Options{TLS: databases.TLS{Mode: databases.Prefer}, ConnectTimeout: defaultConnectTimeout, ApplicationName: "broked"}
	if err := c.Into(&o); err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig("host=localhost sslmode=disable user=x passfile=/dev/null servicefile=/dev/null target_session_attrs=any")
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if c.Port == 0 {
		c.Port = DefaultPort
		if c.Type == connection.Redshift {
			c.Port = RedshiftPort
		}
	}
	if c.Port < 0 || c.Port > math.MaxUint16 {
		return nil, fault.New(fault.Invalid, "the port must be between 1 and 65535").With("bad_address")
	}
	config.Host, config.Port, config.Database, config.User, config.Password = c.Host, uint16(c.Port), c.Schema, c.Login, c.Password
	if config.Database == "" {
		config.Database = c.Login
	}
	config.ConnectTimeout = time.Duration(o.ConnectTimeout * float64(time.Second))
	config.DialFunc = dialer.DialContext
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil } // the dialer looks it up
	config.RuntimeParams = map[string]string{"application_name": o.ApplicationName}
	if o.StatementTimeout > 0 {
		config.RuntimeParams["statement_timeout"] = strconv.FormatInt(int64(o.StatementTimeout*1000), 10)
	}
	config.Fallbacks = nil
	if config.TLSConfig, err = o.Config(c.Host); err != nil {
		return nil, err
	}
	if o.Mode == databases.Prefer {
		config.Fallbacks = []*pgconn.FallbackConfig{{Host: c.Host, Port: config.Port}}
	}
	return config, nil
}

// Explain makes a fault of what went wrong while connecting by c. Its code says what:
// those of outbound.Dialer, tls_failed, login_failed, database_not_found,
// permission_denied, and too_many_connections. The words have no password.
func Explain(c connection.Connection, err error) error {
	if known, is := errors.AsType[*fault.Error](err); is {
		if fault.IsTransient(err) {
			return fault.Transient(known)
		}
		return known
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.Transient(fault.Wrap(fault.Unavailable, err, "%s took too long to answer", c.Host).With("timed_out"))
	}
	if said, is := errors.AsType[*pgconn.PgError](err); is {
		return refused(c, said)
	}
	if isTLS(err) {
		return fault.Wrap(fault.Unavailable, err, "%s offers no TLS that this connection accepts: look at sslmode and ca_certificate", c.Host).With("tls_failed")
	}
	return fault.Transient(fault.Wrap(fault.Unavailable, err, "%s does not speak as PostgreSQL does, or the connection was lost", c.Host).With("connection_failed"))
}

func refused(c connection.Connection, said *pgconn.PgError) error {
	switch said.Code {
	case "28P01", "28000":
		return fault.Wrap(fault.Invalid, said, "%s does not let %s in: %s", c.Host, c.Login, said.Message).With("login_failed")
	case "3D000":
		return fault.Wrap(fault.Invalid, said, "%s has no database %q", c.Host, c.Schema).With("database_not_found")
	case "42501":
		return fault.Wrap(fault.Invalid, said, "%s may not do this: %s", c.Login, said.Message).With("permission_denied")
	case "53300", "57P03":
		return fault.Transient(fault.Wrap(fault.Unavailable, said, "%s takes no connection now: %s", c.Host, said.Message).With("too_many_connections"))
	}
	return fault.Wrap(fault.Invalid, said, "%s answered: %s", c.Host, said.Message).With("query_failed")
}

// noTLS is what pgx says when the server has none.
const noTLS = "server refused TLS connection"

func isTLS(err error) bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, other := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	if untrusted || other || alert {
		return true
	}
	for ; err != nil; err = errors.Unwrap(err) {
		if err.Error() == noTLS {
			return true
		}
		if many, is := err.(interface{ Unwrap() []error }); is {
			return slices.ContainsFunc(many.Unwrap(), isTLS)
		}
	}
	return false
}
