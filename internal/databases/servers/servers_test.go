package servers_test

import (
	"net"
	"testing"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases/servers"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// TestNoWayAroundThePolicy tries to reach what is refused by every sort of database.
func TestNoWayAroundThePolicy(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{connection.Postgres, connection.MySQL, connection.Redshift, connection.Snowflake, connection.BigQuery, connection.MSSQL, connection.ClickHouse, connection.Oracle} {
		for _, host := range []string{
			"127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254",
			"168.63.129.16", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "fd00:ec2::254", "fe80::1", "64:ff9b::7f00:1", "2002:7f00:1::", "fc00::1",
		} {
			c := connection.Connection{Type: typ, Host: host, Port: 4321, Schema: "d", Login: "u", Password: "p"}
			if cloud(typ) {
				c = inCloud(typ, "https://"+net.JoinHostPort(host, "4321"))
			}
			err := servers.Try(t.Context(), c, outbound.Exit{})
			if fault.CodeOf(err) != "ssrf_blocked" {
				t.Errorf("%s to %s: %s %v", typ, host, fault.CodeOf(err), err)
			}
		}
		c := connection.Connection{Type: typ, Host: "/var/run/postgresql", Port: 4321, Schema: "d", Login: "u"}
		if cloud(typ) {
			c = inCloud(typ, "unix:///var/run/postgresql")
		}
		if err := servers.Try(t.Context(), c, outbound.Exit{}); err == nil {
			t.Errorf("%s reached a socket", typ)
		}
	}
}

// cloud reports whether a sort of database has an address of HTTPS for its host.
func cloud(typ string) bool { return typ == connection.Snowflake || typ == connection.BigQuery }

// inCloud is a connection to such a database at an address.
func inCloud(typ, address string) connection.Connection {
	return connection.Connection{Type: typ, Host: address, Schema: "d", Login: "u", Password: "p", Options: map[string]any{"auth": map[string]string{connection.Snowflake: "oauth", connection.BigQuery: "token"}[typ]}}
}
