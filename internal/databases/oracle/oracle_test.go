package oracle

import (
	"context"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/sijms/go-ora/v2/configurations"
	"github.com/sijms/go-ora/v2/network"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// TestAddress has the driver read what it is told of a connection.
func TestAddress(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"db.example.com", "fd00::7"} {
		got, err := configurations.ParseConfig(address(connection.Connection{Host: host, Port: 2484, Schema: "FREEPDB1.example.com", Login: "it's/me", Password: `p@ss/?#&:"`}, true))
		if err != nil {
			t.Fatal(err)
		}
		if got.UserID != "it's/me" || got.Password != `p@ss/?#&:"` || got.ServiceName != "FREEPDB1.example.com" || len(got.Servers) != 1 || got.Servers[0].Addr != host || got.Servers[0].Port != 2484 {
			t.Errorf("%s: %+v", host, got.DatabaseInfo)
		}
		if !got.SSL || got.Location != "UTC" || got.ProgramName != "broked" || got.TraceFilePath+got.TraceDir != "" {
			t.Errorf("%s: %+v %+v", host, got.SessionInfo, got.ClientInfo)
		}
	}
	parsed, err := databases.Parse("oracle://u:p@db.example.com/FREEPDB1?sslmode=verify-full")
	if err != nil || parsed.Kind != databases.Oracle || parsed.Server.Port != DefaultPort || parsed.Server.Schema != "FREEPDB1" {
		t.Errorf("%+v, %v", parsed, err)
	}
}

func TestRefusedConnections(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]connection.Connection{
		"bad_address":     {Host: "h", Schema: "X)(HOST=elsewhere", Login: "u"},
		"bad_certificate": {Host: "h", Schema: "X", Login: "u", Options: map[string]any{"sslmode": "verify-full", "ca_certificate": "none"}},
	} {
		if _, err := connector(c, &outbound.Dialer{}); fault.CodeOf(err) != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if u, _ := url.Parse(address(connection.Connection{Host: "h", Port: 1, Schema: "X"}, false)); u.Query().Has("SSL") {
		t.Error("it asks for TLS")
	}
}

// TestWhatIsNoServer connects to what refuses, hangs up, talks otherwise or says nothing.
func TestWhatIsNoServer(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()
	for name, c := range map[string]struct {
		answer func(net.Conn)
		mode   string
		code   string
	}{
		"refused":  {nil, "prefer", "connection_failed"},
		"hangs up": {func(net.Conn) {}, "prefer", "connection_failed"},
		"other":    {func(c net.Conn) { _, _ = c.Write([]byte("SSH-2.0-OpenSSH_9.9\r\n")) }, "disable", "connection_failed"},
		"silent":   {func(c net.Conn) { _, _ = c.Read(make([]byte, 1<<20)); _, _ = c.Read(make([]byte, 1)) }, "prefer", "timed_out"},
		"no TLS":   {func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.0 400 Bad Request\r\n\r\n")) }, "require", "tls_failed"},
		"lies":     {func(c net.Conn) { _, _ = c.Write([]byte{0, 12, 0, 0, 5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}) }, "prefer", "connection_failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := closed
			if c.answer != nil {
				port = serve(t, c.answer)
			}
			at := connection.Connection{Host: "127.0.0.1", Port: port, Schema: "FREE", Login: "u", Password: "p", Options: map[string]any{"sslmode": c.mode, "connect_timeout": 0.5}}
			if name != "silent" {
				at.Options["connect_timeout"] = 60.0
			}
			server := At(at, &outbound.Dialer{Policy: outbound.Policy{Allow: outbound.Loopback()}})
			err := server.Read(t.Context(), databases.Query{Text: "SELECT 1 FROM dual"}, func(batch.Batch) error { return nil })
			if fault.CodeOf(err) != c.code {
				t.Errorf("%s: %v", fault.CodeOf(err), err)
			}
		})
	}
	server := At(connection.Connection{Host: "127.0.0.1", Port: closed, Schema: "FREE", Login: "u", Password: "p"}, &outbound.Dialer{})
	err = server.Read(t.Context(), databases.Query{Text: "SELECT 1 FROM dual"}, func(batch.Batch) error { return nil })
	if fault.CodeOf(err) != "ssrf_blocked" {
		t.Errorf("%v", err)
	}
}

func serve(t *testing.T, answer func(net.Conn)) int {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(context.WithoutCancel(t.Context()), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				answer(conn)
				_ = conn.Close()
			}()
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

// TestStatements looks at what Oracle is told.
func TestStatements(t *testing.T) {
	t.Parallel()
	table := &driven.Table{Quoted: `"SHOP"."ORDERS"`, Columns: []driven.Declared{{Name: "ID", Type: "NUMBER(10,0)"}, {Name: `no"te`, Type: "VARCHAR2(10)"}, {Name: "RAWS", Type: "RAW(16)"}}}
	for _, one := range [][2]string{
		{insertion(table, []string{"ID", `no"te`, "RAWS"}, nil, 1), `INSERT INTO "SHOP"."ORDERS" ("ID", "no""te", "RAWS") VALUES (:1, :2, HEXTORAW(:3))`},
		{insertion(table, []string{"ID", `no"te`}, []string{"ID"}, 1), `MERGE INTO "SHOP"."ORDERS" broked_there USING (SELECT :1 AS "ID", :2 AS "no""te" FROM dual) broked_new ON (broked_there."ID" = broked_new."ID") WHEN MATCHED THEN UPDATE SET broked_there."no""te" = broked_new."no""te" WHEN NOT MATCHED THEN INSERT ("ID", "no""te") VALUES (broked_new."ID", broked_new."no""te")`},
		{insertion(table, []string{"ID"}, []string{"ID"}, 1), `MERGE INTO "SHOP"."ORDERS" broked_there USING (SELECT :1 AS "ID" FROM dual) broked_new ON (broked_there."ID" = broked_new."ID") WHEN NOT MATCHED THEN INSERT ("ID") VALUES (broked_new."ID")`},
		{creation(`"a"`, []driven.Declared{{Name: "id", Type: "NUMBER"}}, []string{"id"}, false), `CREATE TABLE "a" ("id" NUMBER, UNIQUE ("id"))`},
		{creation(`"it's"`, []driven.Declared{{Name: "id", Type: "DATE"}}, nil, true), `BEGIN EXECUTE IMMEDIATE 'CREATE TABLE "it''s" ("id" DATE)'; EXCEPTION WHEN OTHERS THEN IF SQLCODE != -955 THEN RAISE; END IF; END;`},
		{drop(`"a"`), `BEGIN EXECUTE IMMEDIATE 'DROP TABLE "a" PURGE'; EXCEPTION WHEN OTHERS THEN IF SQLCODE != -942 THEN RAISE; END IF; END;`},
		{addition(`"a"`, []driven.Declared{{Name: "x", Type: "CLOB"}, {Name: "y", Type: "NUMBER"}}), `ALTER TABLE "a" ADD ("x" CLOB, "y" NUMBER)`},
		{strings.Join(rename(`"S"."stage"`, `"S"."t"`, false), "; "), `ALTER TABLE "S"."stage" RENAME TO "t"`},
		{rename(`"S"."stage"`, `"S"."t"`, true)[0], `BEGIN EXECUTE IMMEDIATE 'ALTER TABLE "S"."t" RENAME TO "stage_old"'; BEGIN EXECUTE IMMEDIATE 'ALTER TABLE "S"."stage" RENAME TO "t"'; EXCEPTION WHEN OTHERS THEN EXECUTE IMMEDIATE 'ALTER TABLE "S"."stage_old" RENAME TO "t"'; RAISE; ` + `END; ` + `END;`},
		{rename(`"stage"`, `"t"`, true)[1], drop(`"stage_old"`)},
	} {
		if one[0] != one[1] {
			t.Errorf("got  %s\nwant %s", one[0], one[1])
		}
	}
	if fault.KindOf(refuses(databases.Load{Mode: databases.MergeDelete})) != fault.Invalid || refuses(databases.Load{Mode: databases.Upsert}) != nil {
		t.Error("it takes modes that it cannot promise, or refuses others")
	}
}

// TestScripts divides a script into statements, of which blocks go on to the end.
func TestScripts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"UPDATE a SET b = 'x;y'; DELETE FROM c;":      "UPDATE a SET b = 'x;y'| DELETE FROM c",
		"DELETE FROM c; BEGIN p(1); COMMIT; END;":     "DELETE FROM c| BEGIN p(1); COMMIT; END;",
		"DECLARE x NUMBER; BEGIN x := 1; END;":        "DECLARE x NUMBER; BEGIN x := 1; END;",
		"CREATE PROCEDURE p AS BEGIN NULL; END; -- e": "CREATE PROCEDURE p AS BEGIN NULL; END; -- e",
	} {
		var all []string
		for statement := range Dialect.Text.Statements(text) {
			all = append(all, statement)
		}
		if got := strings.Join(all, "|"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if Dialect.Text.Reads("SELECT 1 FROM dual; DELETE FROM a") == nil || Dialect.Text.Reads("BEGIN p; END;") == nil || Dialect.Text.Reads("WITH x AS (SELECT 1 FROM dual) SELECT * FROM x") != nil {
		t.Error("it does not tell what reads")
	}
}

// TestErrors has every number that people meet become words for them, without values.
func TestErrors(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		number              int
		text                string
		code, words         string
		column, key, absent string
	}{
		{1017, "ORA-01017: invalid username/password; logon denied", "login_failed", "db answers: ORA-01017: invalid username/password; logon denied", "", "", ""},
		{12514, "", "database_not_found", "db answers: ORA-12514: TNS:listener does not currently know of service requested in connect descriptor", "", "", ""},
		{1031, "ORA-01031: insufficient privileges\nHelp: https://docs.oracle.com/error-help/db/ora-01031/", "permission_denied", "db answers: ORA-01031: insufficient privileges", "", "", ""},
		{942, `ORA-00942: table or view "SHOP"."ORDRES" does not exist`, "query_failed", `ORA-00942: table or view "SHOP"."ORDRES" does not exist`, "", "", "ORDRES"},
		{942, "ORA-00942: table or view does not exist", "query_failed", "ORA-00942: table or view does not exist", "", "", ""},
		{1, "ORA-00001: unique constraint (SHOP.SYS_C007) violated on table SHOP.T columns (ID)\nORA-03301: (ORA-00001 details) row with column values (ID:7) already exists", "bad_value", "ORA-00001: unique constraint (SHOP.SYS_C007) violated on table SHOP.T columns (ID)", "", "SYS_C007", ""},
		{1400, `ORA-01400: cannot insert NULL into ("SHOP"."T"."NAME")`, "bad_value", `ORA-01400: cannot insert NULL into ("SHOP"."T"."NAME") (Oracle takes an empty text for a null)`, "NAME", "", ""},
		{12899, `ORA-12899: value too large for column "SHOP"."T"."NAME" (actual: 11, maximum: 10)`, "bad_value", `ORA-12899: value too large for column "SHOP"."T"."NAME" (actual: 11, maximum: 10)`, "NAME", "", ""},
		{1438, "ORA-01438: value larger than specified precision allowed for this column", "bad_value", "ORA-01438: value larger than specified precision allowed for this column", "", "", ""},
		{20001, "ORA-20001: not on Sundays", "bad_value", "ORA-20001: not on Sundays", "", "", ""},
		{54, "ORA-00054: resource busy and acquire with NOWAIT specified", "database_locked", "db answers: ORA-00054: resource busy and acquire with NOWAIT specified", "", "", ""},
	} {
		said := say(connection.Connection{Host: "db"}, fault.Wrap(fault.Invalid, &network.OracleError{ErrCode: one.number, ErrMsg: one.text}, "x"))
		if said == nil || said.Code != one.code || said.Words != one.words || strings.Join(said.Columns, "") != one.column || said.Key != one.key || said.Table != one.absent || said.Row != (one.code == "bad_value") {
			t.Errorf("%d: %+v", one.number, said)
		}
	}
	if say(connection.Connection{}, net.ErrClosed) != nil {
		t.Error("it takes the network for the server")
	}
}
