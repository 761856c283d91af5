package mssql

import (
	"context"
	"database/sql/driver"
	"math"
	"strings"

	lib "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// options are the options of a connection.
type options struct {
	databases.TLS
	driven.Timeouts
}

// guarded has the driver leave names to the dialer, which looks at what they lead to.
type guarded struct{ *outbound.Dialer }

// HostName implements lib.HostDialer.
func (guarded) HostName() string { return "" }

func connector(c connection.Connection, dialer *outbound.Dialer) (driver.Connector, error) {
	o := options{TLS: databases.TLS{Mode: databases.Prefer}}
	if err := c.Into(&o); err != nil {
		return nil, err
	}
	if c.Port == 0 {
		c.Port = DefaultPort
	}
	if c.Port < 0 || c.Port > math.MaxUint16 {
		return nil, fault.New(fault.Invalid, "the port must be between 1 and 65535").With("bad_address")
	}
	config := msdsn.Config{
		Host: c.Host, Port: uint64(c.Port), Database: c.Schema, User: c.Login, Password: c.Password,
		AppName: "broked", DialTimeout: o.ForConnect(), DisableRetry: true, Protocols: []string{"tcp"}, Encryption: msdsn.EncryptionRequired,
	}
	var err error
	if config.TLSConfig, err = o.Config(c.Host); err != nil {
		return nil, err
	}
	if o.Mode == databases.Disable {
		config.Encryption = msdsn.EncryptionDisabled
	}
	ways := &ways{Connector: lib.NewConnectorConfig(config), host: c.Host}
	ways.Dialer = guarded{dialer}
	if o.Mode == databases.Prefer {
		config.Encryption, config.TLSConfig = msdsn.EncryptionDisabled, nil
		ways.plain = lib.NewConnectorConfig(config)
		ways.plain.Dialer = guarded{dialer}
	}
	return ways, nil
}

// ways connects with TLS, and without it where the server has none and that will do.
type ways struct {
	*lib.Connector

	host  string
	plain *lib.Connector // nil when it has to be TLS
}

// What the driver says in words alone.
const (
	saysNoTLS  = "server does not support encryption"
	saysBadTLS = "TLS Handshake failed"
)

// Connect implements driver.Connector.
func (w *ways) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := w.Connector.Connect(ctx)
	switch {
	case err == nil:
		return conn, nil
	case strings.HasPrefix(err.Error(), saysNoTLS) && w.plain != nil:
		return w.plain.Connect(ctx)
	case strings.HasPrefix(err.Error(), saysNoTLS):
		return nil, fault.Wrap(fault.Unavailable, err, "%s offers no TLS: look at sslmode", w.host).With("tls_failed")
	case strings.HasPrefix(err.Error(), saysBadTLS):
		return nil, fault.Wrap(fault.Unavailable, err, "%s offers no TLS that this connection accepts: look at sslmode and ca_certificate", w.host).With("tls_failed")
	}
	return nil, err //nolint:wrapcheck // it is told by its type
}
