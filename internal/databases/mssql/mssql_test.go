package mssql_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/fault"
)

func rows(t *testing.T, db driven.Server, query string) (types, values string) {
	t.Helper()
	var out, names strings.Builder
	err := db.Read(t.Context(), databases.Query{Text: query}, func(b batch.Batch) error {
		for row := range b.Rows {
			for i, c := range b.Columns {
				if row == 0 {
					names.WriteString(c.Type + "|")
				}
				out.WriteString(databases.Shown(c, row) + "|")
				_ = i
			}
			out.WriteByte('\n')
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return names.String(), out.String()
}

// TestReading has values of every type come over the wire.
func TestReading(t *testing.T) {
	t.Parallel()
	wide := func(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }
	clock := []byte{0x80, 0x5a, 0xd1, 0x18, 0xc9} // 23:59:59.5 in tenths of a microsecond
	tick := uint64(863_995_000_000)
	copy(clock, wide(int64(tick))[:5])
	day := wide(738_944)[:3] // 2024-02-29 from 0001-01-01
	answer := result([]column{
		{"u", []byte{0x26, 1}},
		{"s", []byte{0x26, 2}},
		{"i", []byte{0x26, 4}},
		{"b", []byte{0x26, 8}},
		{"y", []byte{0x68, 1}},
		{"r", []byte{0x6d, 4}},
		{"f", []byte{0x6d, 8}},
		{"d", []byte{0x6a, 17, 38, 3}},
		{"m", []byte{0x6e, 8}},
		nvarchar("n"),
		{"v", []byte{0xa5, 10, 0}},
		{"g", []byte{0x24, 16}},
		{"da", []byte{0x28}},
		{"ti", []byte{0x29, 7}},
		{"t2", []byte{0x2a, 7}},
		{"to", []byte{0x2b, 7}},
	}, [][]byte{
		{1, 255},
		{2, 0, 0x80},
		{4, 0, 0, 0, 0x80},
		join([]byte{8}, wide(math.MinInt64)),
		{1, 1},
		{4, 0, 0, 0x80, 0x3f},
		join([]byte{8}, wide(int64(math.Float64bits(0.1)))),
		join([]byte{17, 0}, wide(123456789), wide(0)),
		{8, 0, 0, 0, 0, 0x40, 0xe2, 1, 0},
		nv("日本 🐘'\n"),
		{3, 0, 0, 0xff, 0x5c},
		{16, 0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff},
		join([]byte{3}, day), join([]byte{5}, clock), join([]byte{8}, clock, day), join([]byte{10}, clock, day, []byte{0x4a, 1}),
	}, [][]byte{{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0xff, 0xff}, {0xff, 0xff}, {0}, {0}, {0}, {0}, {0}})
	f := newFake(t, func(sql string) []byte {
		if strings.Contains(sql, "FROM everything") {
			return answer
		}
		return nil
	})
	types, values := rows(t, f.at(), "SELECT * FROM everything")
	if want := "UTINYINT|SMALLINT|INTEGER|BIGINT|BOOLEAN|FLOAT|DOUBLE|DECIMAL(38,3)|DECIMAL(19,4)|VARCHAR|BLOB|UUID|DATE|TIME|TIMESTAMP|TIMESTAMP WITH TIME ZONE|"; types != want {
		t.Errorf("types\n%s, want\n%s", types, want)
	}
	want := "255|-32768|-2147483648|-9223372036854775808|true|1|0.1|-123456.789|12.3456|日本 🐘'\n|00ff5c|00112233-4455-6677-8899-aabbccddeeff|2024-02-29|23:59:59.5|2024-02-29 23:59:59.5|2024-02-29 23:59:59.5+00|\n" +
		strings.Repeat("null|", 16) + "\n"
	if values != want {
		t.Errorf("values\n%s, want\n%s", values, want)
	}
	if got := f.statements("rollback"); len(got) != 1 || len(f.statements("commit")) != 0 {
		t.Errorf("a query is undone in any case: %q", f.asked)
	}
}

// TestWhatWrites refuses statements that would change something, before anybody is asked.
func TestWhatWrites(t *testing.T) {
	t.Parallel()
	f := newFake(t, func(string) []byte { return nil })
	for _, query := range []string{
		"DELETE FROM t", "SELECT * INTO x FROM t", "SELECT 1 DELETE FROM t", "SELECT 1; DROP TABLE t", "WITH x AS (SELECT 1 AS a) UPDATE t SET a = 1", "SELECT 1 COMMIT", "SELECT 1 exec sp_x", "EXEC sp_who",
	} {
		err := f.at().Read(t.Context(), databases.Query{Text: query}, func(batch.Batch) error { return nil })
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "must be a SELECT") {
			t.Errorf("%s: %v", query, err)
		}
	}
	for _, script := range []string{"INSERT INTO t VALUES (1) COMMIT", "BEGIN TRAN; DELETE FROM t", "ROLLBACK"} {
		if _, err := f.at().Script(t.Context(), script); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", script, err)
		}
	}
	for _, query := range []string{"SELECT [delete], 'update', \"into\" FROM t -- drop\n/* insert /* x */ */", "SELECT * FROM a INNER MERGE JOIN b ON a.x = b.x OPTION (USE HINT ('x'))"} {
		err := f.at().Read(t.Context(), databases.Query{Text: query}, func(batch.Batch) error { return nil })
		if err != nil && strings.Contains(err.Error(), "this has") {
			t.Errorf("%s: %v", query, err)
		}
	}
	if got := append(f.statements("UPDATE t"), f.statements("COMMIT")...); len(got) > 0 {
		t.Errorf("the server was asked %q", got)
	}
}

func of(all ...batch.Batch) iter.Seq2[batch.Batch, error] {
	return func(yield func(batch.Batch, error) bool) {
		for _, b := range all {
			if !yield(b, nil) {
				return
			}
		}
	}
}

func pairs(texts ...string) batch.Batch {
	b := batch.Batch{Rows: len(texts), Columns: []batch.Column{{Name: "id", Type: "BIGINT", Kind: batch.Int}, {Name: "name", Type: "VARCHAR", Kind: batch.Text, Texts: texts}}}
	for i := range texts {
		b.Columns[0].Ints = append(b.Columns[0].Ints, int64(i+1))
	}
	return b
}

// table answers what is asked about a table t of id and name.
func table(name string, then func(sql string) []byte) func(sql string) []byte {
	meta := result([]column{{"id", []byte{0x26, 8}}, nvarchar("name")})
	return func(sql string) []byte {
		switch {
		case strings.Contains(sql, "FROM sys.columns"):
			return texts([]string{"id", "bigint"}, []string{"name", name})
		case strings.Contains(sql, "FROM sys.indexes"):
			return texts([]string{"PK_t", "id"})
		case strings.Contains(sql, "FROM sys.dm_exec_sessions WHERE session_id = @@SPID"):
			return texts([]string{"57 2026-11-22T10:00:00.000"})
		case strings.Contains(sql, "sp_getapplock"):
			return texts([]string{"0"})
		case strings.Contains(sql, "XACT_STATE"):
			return texts([]string{"0"})
		case strings.HasPrefix(sql, "select * from") && strings.Contains(sql, "FMTONLY"):
			return meta
		}
		return then(sql)
	}
}

// TestBulk writes rows by bulk copy, in the transaction, with a mark that tells that it was
// committed.
func TestBulk(t *testing.T) {
	t.Parallel()
	f := newFake(t, table("nvarchar(40) COLLATE Latin1_General_CI_AS", func(sql string) []byte {
		if sql == "bulk" {
			return done(0x10, 2)
		}
		return nil
	}))
	load := databases.Load{Table: "dbo.t", Mode: databases.Overwrite, Attempt: databases.Attempt{Name: "run/node", Held: func(context.Context) error { return nil }}}
	n, err := f.at().Write(t.Context(), load, of(pairs("日本", "x")))
	if err != nil || n != 2 {
		t.Fatal(n, err)
	}
	var order []string
	for _, s := range f.asked {
		for _, part := range []string{"sp_getapplock", "CREATE TABLE [broked_commits]", "begin", "DELETE FROM [dbo].[t]", "SAVE TRANSACTION", "INSERT BULK", "bulk", "MERGE INTO [broked_commits]", "commit"} {
			if strings.Contains(s, part) && (len(order) == 0 || order[len(order)-1] != part) {
				order = append(order, part)
				break
			}
		}
	}
	if want := "sp_getapplock, CREATE TABLE [broked_commits], begin, DELETE FROM [dbo].[t], SAVE TRANSACTION, INSERT BULK, bulk, MERGE INTO [broked_commits], commit"; !strings.HasPrefix(strings.Join(order, ", "), want) {
		t.Errorf("got %s\nwant %s\n%q", strings.Join(order, ", "), want, f.asked)
	}
	if got := f.statements("INSERT BULK"); !strings.Contains(got[0], "CHECK_CONSTRAINTS,FIRE_TRIGGERS,KEEP_NULLS") {
		t.Errorf("got %q", got)
	}
	if len(f.bulk) != 1 || !bytes.Contains(f.bulk[0], join([]byte{8}, []byte{1, 0, 0, 0, 0, 0, 0, 0}, nv("日本"))) {
		t.Errorf("got %x", f.bulk)
	}
}

// TestRefusals finds the row that the table does not take, and stops where SQL Server has
// ended the transaction.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, ended := range []bool{false, true} {
		state := "0"
		if ended {
			state = "1"
		}
		f := newFake(t, func(sql string) []byte {
			switch {
			case strings.Contains(sql, "XACT_STATE"):
				return texts([]string{state})
			case strings.Contains(sql, "INSERT INTO [t] ([id], [name]) VALUES (@p1, @p2), ("):
				return refuse(2627, "Violation of PRIMARY KEY constraint 'PK_t'. Cannot insert duplicate key in object 'dbo.t'. The duplicate key value is (4711).")
			case strings.Contains(sql, "INSERT INTO [t] ([id], [name]) VALUES (@p1, @p2)"):
				return refuse(2627, "Violation of PRIMARY KEY constraint 'PK_t'. Cannot insert duplicate key in object 'dbo.t'. The duplicate key value is (4711).")
			}
			return table("varchar(40) COLLATE Latin1_General_CI_AS", func(string) []byte { return nil })(sql)
		})
		r := &databases.Refusals{Table: "aside"}
		n, err := f.at().Write(t.Context(), databases.Load{Table: "t", Refusals: r}, of(pairs("a", "b")))
		switch {
		case ended && (fault.CodeOf(err) != "row_refused" || len(f.statements("commit")) > 0 || strings.Contains(fault.MessageOf(err), "4711")):
			t.Errorf("%v %q", err, f.asked)
		case !ended && (err != nil || n != 0 || r.Count != 2 || r.First[1].Row != 2 || r.First[1].Column != "id" || r.First[1].Value != "2"):
			t.Errorf("%d %+v %v", n, r, err)
		}
	}
}

// TestFaults looks at what people are told.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number      int
		words, code string
		transient   bool
	}{
		{18456, "Login failed for user 'loader'.", "login_failed", false},
		{4060, "Cannot open database \"shop\" requested by the login.", "database_not_found", false},
		{229, "The SELECT permission was denied on the object 't'.", "permission_denied", false},
		{1205, "Transaction was deadlocked.", "conflict", true},
		{40613, "Database is not currently available.", "connection_lost", true},
		{9002, "The transaction log is full.", "disk_full", false},
		{102, "Incorrect syntax near 'x'.", "query_failed", false},
		{3906, "The database is read-only.", "read_only", false},
	} {
		f := newFake(t, func(sql string) []byte {
			if sql == "login" && (c.number == 18456 || c.number == 4060) || strings.Contains(sql, "FROM t") {
				return refuse(c.number, c.words)
			}
			return nil
		})
		err := f.at().Read(t.Context(), databases.Query{Text: "SELECT * FROM t"}, func(batch.Batch) error { return nil })
		if fault.CodeOf(err) != c.code || !strings.Contains(fault.MessageOf(err), c.words) || fault.IsTransient(err) != c.transient || strings.Contains(err.Error(), "canary") {
			t.Errorf("%d: %s %v", c.number, fault.CodeOf(err), err)
		}
	}
	f := newFake(t, func(sql string) []byte {
		switch {
		case strings.Contains(sql, "FROM custmers"):
			return refuse(208, "Invalid object name 'dbo.custmers'.")
		case strings.Contains(sql, "FROM sys.objects"):
			return texts([]string{"customers"})
		case strings.Contains(sql, "FROM forever"):
			return never
		}
		return nil
	})
	for query, code := range map[string]string{"SELECT * FROM custmers": "query_failed", "SELECT * FROM forever": "statement_timeout"} {
		err := f.at("statement_timeout", 0.1).Read(t.Context(), databases.Query{Text: query}, func(batch.Batch) error { return nil })
		if fault.CodeOf(err) != code || code == "query_failed" && !strings.Contains(err.Error(), `did you mean "customers"?`) {
			t.Errorf("%s: %s %v", query, fault.CodeOf(err), err)
		}
	}
	for _, mode := range []string{"require", "verify-full"} {
		err := f.at("sslmode", mode).Read(t.Context(), databases.Query{Text: "SELECT 1 AS a"}, func(batch.Batch) error { return nil })
		if fault.CodeOf(err) != "tls_failed" {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

// TestScripts executes the parts between lines of GO, all in one transaction.
func TestScripts(t *testing.T) {
	t.Parallel()
	f := newFake(t, func(string) []byte { return nil })
	n, err := f.at().Script(t.Context(), "DECLARE @x int = 1; INSERT INTO t VALUES (@x)\nGO\nIF 1 = 1 BEGIN UPDATE t SET a = 'GO'; END\n go ;\n")
	if err != nil || n == 0 || len(f.statements("DECLARE @x int = 1; INSERT")) != 1 || len(f.statements("BEGIN UPDATE t SET a = 'GO'; END")) != 1 || !slices.Contains(f.asked, "commit") {
		t.Errorf("%d %v %q", n, err, f.asked)
	}
	f = newFake(t, func(sql string) []byte {
		if strings.Contains(sql, "nowhere") {
			return refuse(208, "Invalid object name 'nowhere'.")
		}
		return nil
	})
	if _, err = f.at().Script(t.Context(), "INSERT INTO t VALUES (1)\nGO\nINSERT INTO nowhere VALUES (1)"); fault.KindOf(err) != fault.Invalid || slices.Contains(f.asked, "commit") {
		t.Errorf("%v %q", err, f.asked)
	}
}
