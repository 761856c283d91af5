package oracle

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"fmt"
	"math"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"sync"

	lib "github.com/sijms/go-ora/v2"

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

// services are the names that services have. They stand between brackets in what is
// sent to the listener.
var services = regexp.MustCompile(`^[A-Za-z0-9_.$#-]+$`)

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
	if !services.MatchString(c.Schema) {
		return nil, fault.New(fault.Invalid, "the service must be a name of letters, digits, points, hyphens and underlines").With("bad_address")
	}
	config, err := o.Config(c.Host)
	if err != nil {
		return nil, err
	}
	// Protected connections have a port of their own: there is nothing to be agreed on.
	safe := config != nil && o.Mode != databases.Prefer
	return &guarded{address: address(c, safe), config: config, dialer: dialer}, nil
}

// address is how the driver is told where a service is. It asks the server's clock for
// the zone of moments that have none, unless it is told one.
func address(c connection.Connection, safe bool) string {
	q := url.Values{"PROGRAM": {"broked"}, "SERVER LOCATION": {"UTC"}, "PREFETCH_ROWS": {"1000"}, "TIMEOUT": {"0"}}
	if safe {
		q.Set("SSL", "true")
	}
	u := url.URL{Scheme: "oracle", User: url.UserPassword(c.Login, c.Password), Host: net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), Path: "/" + c.Schema, RawQuery: q.Encode()}
	return u.String()
}

// guarded connects through the dialer alone, also where the listener sends it elsewhere.
type guarded struct {
	address string
	config  *tls.Config
	dialer  *outbound.Dialer
}

// Driver implements driver.Connector.
func (*guarded) Driver() driver.Driver { return lib.NewDriver() }

// Connect implements driver.Connector. The driver itself must not see the end of ctx: it
// would write to a connection that there is not yet.
func (g *guarded) Connect(ctx context.Context) (conn driver.Conn, err error) {
	way := &way{ctx: ctx, dialer: g.dialer}
	stop := context.AfterFunc(ctx, way.shut)
	defer stop()
	defer func() {
		if said := recover(); said != nil { // of answers that are none of Oracle's
			conn, err = nil, fmt.Errorf("the driver cannot read the answer: %v", said)
		}
		if err != nil {
			way.shut()
			if ctx.Err() != nil {
				err = ctx.Err()
			}
		}
	}()
	one := &lib.OracleConnector{}
	made, ok := lib.NewConnector(g.address).(*lib.OracleConnector)
	if ok {
		one = made
	}
	one.Dialer(way)
	if g.config != nil {
		one.WithTLSConfig(g.config.Clone())
	}
	return one.Connect(context.WithoutCancel(ctx))
}

// way keeps what was dialled last until the connection is made.
type way struct {
	ctx    context.Context //nolint:containedctx // that of one connecting
	dialer *outbound.Dialer

	mu   sync.Mutex
	conn net.Conn
}

// DialContext implements configurations.DialerContext.
func (w *way) DialContext(_ context.Context, network, address string) (net.Conn, error) {
	conn, err := w.dialer.DialContext(w.ctx, network, address) //nolint:contextcheck // the driver's never ends
	if err != nil {
		return nil, err //nolint:wrapcheck // it says all
	}
	w.mu.Lock()
	w.conn = conn
	w.mu.Unlock()
	if w.ctx.Err() != nil {
		w.shut()
	}
	return conn, nil
}

func (w *way) shut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn != nil {
		_ = w.conn.Close()
	}
}
