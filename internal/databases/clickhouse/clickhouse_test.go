package clickhouse_test

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/google/uuid"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/fault"
)

func ignore(batch.Batch) error { return nil }

// TestReading has values of many types come over the wire.
func TestReading(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 2, 29, 23, 59, 59, 123456000, time.UTC)
	moments := new(proto.ColDateTime64).WithPrecision(6)
	moments.Append(at)
	cents := proto.ColDecimal64{-12500}
	decimals := proto.Alias(&cents, "Decimal(18, 4)")
	null := new(proto.ColStr).Nullable()
	null.Append(proto.Null[string]())
	list := new(proto.ColStr).Array()
	list.Append([]string{"a", `b"'`})
	bytes := new(proto.ColUInt8).Array()
	bytes.Append([]uint8{0, 255})
	columns := []proto.InputColumn{
		{Name: "i8", Data: proto.ColInt8{-128}},
		{Name: "i64", Data: proto.ColInt64{math.MinInt64}},
		{Name: "u64", Data: proto.ColUInt64{math.MaxUint64}},
		{Name: "i128", Data: proto.ColInt128{proto.Int128FromInt(-5)}},
		{Name: "f", Data: proto.ColFloat64{0.1}},
		{Name: "b", Data: proto.ColBool{true}},
		strs("s", "日本 🐘'\n\\"), strs("raw", "\xff\x00"),
		{Name: "n", Data: null},
		{Name: "d", Data: decimals},
		{Name: "da", Data: proto.ColDate32{proto.ToDate32(at)}},
		{Name: "t", Data: moments},
		{Name: "u", Data: &proto.ColUUID{uuid.MustParse("00112233-4455-6677-8899-aabbccddeeff")}},
		{Name: "l", Data: list},
		{Name: "by", Data: bytes},
	}
	f := newFake(t, func(sql string) *answer {
		switch {
		case strings.Contains(sql, "FROM everything"):
			return &answer{columns: columns}
		case strings.Contains(sql, "getSetting"):
			return &answer{columns: []proto.InputColumn{strs("a", "0")}}
		}
		return nil
	})
	var types, values []string
	err := f.at("statement_timeout", 1.5).Read(t.Context(), databases.Query{Text: "SELECT * FROM everything WHERE x = $1 AND y = $2", Params: []any{`it's \ $2`, int64(7)}}, func(b batch.Batch) error {
		for _, c := range b.Columns {
			types = append(types, c.Type)
			if b.Rows > 0 {
				values = append(values, databases.Shown(c, 0))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(types, "|"), "TINYINT|BIGINT|UBIGINT|HUGEINT|DOUBLE|BOOLEAN|VARCHAR|VARCHAR|VARCHAR|DECIMAL(18,4)|DATE|TIMESTAMP WITH TIME ZONE|UUID|JSON|JSON"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := strings.Join(values, "|"), "-128|-9223372036854775808|18446744073709551615|-5|0.1|true|日本 🐘'\n\\|\\xff00|null|-1.2500|2024-02-29|2024-02-29 23:59:59.123456+00|00112233-4455-6677-8899-aabbccddeeff|[\"a\",\"b\\\"'\"]|[0,255]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := f.statements("FROM everything"); got[0] != `SELECT * FROM everything WHERE x = 'it\'s \\ $2' AND y = 7` {
		t.Errorf("asked %s", got)
	}
	if !slices.Contains(f.settings, "readonly=2") || !slices.Contains(f.settings, "max_execution_time=2") {
		t.Errorf("settings %q", f.settings)
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

// table answers what is asked about a table t of id and name, which another attempt has a
// stage for.
func table(engine, views string, then func(sql string) *answer) func(sql string) *answer {
	return func(sql string) *answer {
		switch {
		case strings.Contains(sql, "FROM system.columns"):
			return &answer{columns: []proto.InputColumn{strs("a", "id", "name"), strs("b", "Int32", "LowCardinality(String)")}}
		case strings.Contains(sql, "SELECT engine"):
			return &answer{columns: []proto.InputColumn{strs("a", engine), strs("b", views)}}
		case strings.Contains(sql, "startsWith"):
			return &answer{columns: []proto.InputColumn{strs("a", "broked_stage_older")}}
		}
		if said := then(sql); said != nil {
			return said
		}
		if strings.HasPrefix(sql, "INSERT INTO") {
			return &answer{columns: []proto.InputColumn{{Name: "id", Data: proto.ColInt32{}}, strs("name")}}
		}
		return nil
	}
}

func nothing(string) *answer { return nil }

// TestLoads has rows go to a table beside the other, and to the other all at once.
func TestLoads(t *testing.T) {
	t.Parallel()
	for mode, last := range map[databases.Mode]string{databases.Append: "ALTER TABLE `t` ATTACH PARTITION ALL FROM `broked_stage_", databases.Overwrite: "EXCHANGE TABLES `broked_stage_"} {
		f := newFake(t, table("ReplacingMergeTree", "", nothing))
		held := 0
		load := databases.Load{Table: "t", Mode: mode, Attempt: databases.Attempt{Name: "run/node", Held: func(context.Context) error { held++; return nil }}}
		n, err := f.at().Write(t.Context(), load, of(pairs("日本", "x"), pairs("y")))
		if err != nil || n != 3 || held == 0 {
			t.Fatal(n, held, err)
		}
		var order []string
		for _, s := range f.asked {
			for _, part := range []string{"DROP TABLE IF EXISTS `broked_stage_older` SYNC", "CREATE TABLE `broked_stage_", "INSERT INTO `broked_stage_", last, "DROP TABLE IF EXISTS `broked_stage_"} {
				if strings.HasPrefix(s, part) {
					order = append(order, part)
					break
				}
			}
		}
		if want := []string{"DROP TABLE IF EXISTS `broked_stage_older` SYNC", "CREATE TABLE `broked_stage_", "INSERT INTO `broked_stage_", "INSERT INTO `broked_stage_", last, "DROP TABLE IF EXISTS `broked_stage_"}; !slices.Equal(order, want) {
			t.Errorf("got %q\nof %q", order, f.asked)
		}
		if len(f.blocks) != 2 || f.blocks[0].Rows() != 2 || fmt.Sprint(f.blocks[0][0].Data) != "&[1 2]" {
			t.Errorf("got %v", f.blocks)
		}
	}
}

// TestStopped leaves nothing of a load that has failed or was given up.
func TestStopped(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		held error
		rows batch.Batch
		then func(sql string) *answer
		code string
	}{
		"given up": {fault.New(fault.Stale, "another attempt has begun").With("stale"), pairs("a"), nothing, "stale"},
		"constraint": {nil, pairs("a", "b"), func(sql string) *answer {
			if strings.HasPrefix(sql, "INSERT INTO") {
				return &answer{code: 469, words: "Constraint `c` for table shop.t is violated at row 1. Expression: (x). Column values: name = 'canary'", columns: []proto.InputColumn{{Name: "id", Data: proto.ColInt32{}}, strs("name")}}
			}
			return nil
		}, "row_refused"},
		"value": {nil, func() batch.Batch { b := pairs("a", "b"); b.Columns[0].Ints[1] = math.MaxInt64; return b }(), nothing, "row_refused"},
		"attach": {nil, pairs("a"), func(sql string) *answer {
			if strings.HasPrefix(sql, "ALTER TABLE") {
				return &answer{code: 60, words: "Table shop.broked_stage_x does not exist"}
			}
			return nil
		}, "query_failed"},
	} {
		f := newFake(t, table("MergeTree", "", c.then))
		_, err := f.at().Write(t.Context(), databases.Load{Table: "t", Attempt: databases.Attempt{Name: "run/node", Held: func(context.Context) error {
			if len(f.statements("INSERT")) > 0 {
				return c.held
			}
			return nil
		}}}, of(c.rows))
		if fault.CodeOf(err) != c.code || strings.Contains(fault.MessageOf(err), "canary") {
			t.Errorf("%s: %s %v", name, fault.CodeOf(err), err)
		}
		attached, dropped := len(f.statements("ATTACH")), f.statements("DROP TABLE IF EXISTS `broked_stage_")
		if name != "attach" && attached > 0 || len(dropped) < 2 || !strings.HasPrefix(strings.Replace(f.statements("CREATE TABLE")[0], "CREATE TABLE ", "DROP TABLE IF EXISTS ", 1), strings.TrimSuffix(dropped[len(dropped)-1], " SYNC")) {
			t.Errorf("%s: %q", name, f.asked)
		}
		if name == "value" && !strings.Contains(err.Error(), "row 2 cannot be written to t: column id: the value is no Int32") {
			t.Errorf("got %v", err)
		}
	}
}

// TestRefused says of loads what cannot be promised.
func TestRefused(t *testing.T) {
	t.Parallel()
	for path, load := range map[string]databases.Load{
		"mode": {Table: "t", Mode: databases.Upsert, Keys: []string{"id"}}, "exactly_once": {Table: "t", Once: true}, "on_row_error": {Table: "t", Refusals: &databases.Refusals{Table: "aside"}},
	} {
		f := newFake(t, nothing)
		_, err := f.at().Write(t.Context(), load, of(pairs("a")))
		if ps := fault.ProblemsOf(err); len(ps) != 1 || ps[0].Path != path || len(f.asked) > 0 {
			t.Errorf("%s: %v", path, err)
		}
	}
	for words, f := range map[string]*fake{"MergeTree family": newFake(t, table("Log", "", nothing)), "views sums": newFake(t, table("MergeTree", "sums", nothing))} {
		_, err := f.at().Write(t.Context(), databases.Load{Table: "t"}, of(pairs("a")))
		if err == nil || !strings.Contains(err.Error(), words) || len(f.statements("INSERT")) > 0 {
			t.Errorf("%s: %v", words, err)
		}
	}
}

// TestFaults looks at what people are told.
func TestFaults(t *testing.T) {
	t.Parallel()
	for number, code := range map[int]string{516: "login_failed", 81: "database_not_found", 497: "permission_denied", 159: "statement_timeout", 62: "query_failed", 202: "too_many_connections", 60: "query_failed"} {
		f := newFake(t, func(sql string) *answer {
			switch {
			case sql == "login" && (number == 516 || number == 81), strings.Contains(sql, "FROM custmers"):
				return &answer{code: number, words: "Unknown table expression identifier 'custmers' in scope SELECT"}
			case strings.Contains(sql, "getSetting"):
				return &answer{columns: []proto.InputColumn{strs("a", "1")}}
			case strings.Contains(sql, "FROM system.tables"):
				return &answer{columns: []proto.InputColumn{strs("a", "customers")}}
			}
			return nil
		})
		err := f.at().Read(t.Context(), databases.Query{Text: "SELECT * FROM custmers"}, ignore)
		if fault.CodeOf(err) != code || number == 60 && !strings.Contains(err.Error(), `did you mean "customers"?`) || slices.Contains(f.settings, "readonly=2") {
			t.Errorf("%d: %s %v", number, fault.CodeOf(err), err)
		}
	}
	for _, mode := range []string{"require", "verify-full"} {
		if err := newFake(t, nothing).at("sslmode", mode).Read(t.Context(), databases.Query{Text: "SELECT 1"}, ignore); fault.CodeOf(err) != "tls_failed" {
			t.Errorf("%s: %s %v", mode, fault.CodeOf(err), err)
		}
	}
	f := newFake(t, func(sql string) *answer {
		if strings.Contains(sql, "nowhere") {
			return &answer{code: 60, words: "Table shop.nowhere does not exist"}
		}
		return nil
	})
	if n, err := f.at().Script(t.Context(), "CREATE TABLE a (i Int32) ENGINE = Memory; # ;\nINSERT INTO nowhere SELECT 1"); n != 2 || fault.CodeOf(err) != "script_failed" || !strings.Contains(err.Error(), "statements before it did stays") {
		t.Errorf("%d %v", n, err)
	}
}
