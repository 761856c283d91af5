package sqlite_test

import (
	"strings"
	"testing"
)

// TestDecimals reads columns that were declared as decimals: exact where SQLite is.
func TestDecimals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ column, values, want string }{
		"as they are":      {"DECIMAL(10,2)", "1, 2.5, '3.25', NULL, -0.01", `d DECIMAL(10,2) ["1"] ["2.5"] ["3.25"] [null] ["-0.01"]`},
		"sums":             {"NUMERIC (10, 2)", "0.1 + 0.2, 1.1 * 3", `d DECIMAL(10,2) ["0.3"] ["3.3"]`},
		"sixteen digits":   {"DECIMAL(16,2)", "'12345678901234.56'", `d DECIMAL(16,2) ["12345678901234.56"]`},
		"large whole ones": {"DECIMAL(20,1)", "9223372036854775807, 0.5", `d DECIMAL(20,1) ["9223372036854775807"] ["0.5"]`},
		"null first":       {"DECIMAL(4,1)", "NULL, 1, 0.5", `d DECIMAL(4,1) [null] ["1"] ["0.5"]`},
		"too fine":         {"DECIMAL(10,2)", "1, 2.555", `d DOUBLE [1] [2.555]`},
		"too many":         {"DECIMAL(3,2)", "1, 100", `d BIGINT [1] [100]`},
		"words":            {"DECIMAL(3,2)", "1, 'many'", `d VARCHAR ["1"] ["many"]`},
		"too wide a type":  {"DECIMAL(50,2)", "1.5", `d DOUBLE [1.5]`},
		"whole":            {"DECIMAL(10,0)", "1, 2", `d BIGINT [1] [2]`},
		"nothing":          {"DECIMAL(10,2)", "NULL", `d  [null] d DECIMAL(10,2)`},
		"very large":       {"DECIMAL(38,2)", "1e300", `d DOUBLE [1e+300]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var script strings.Builder
			script.WriteString("CREATE TABLE t (d " + c.column + ");")
			for value := range strings.SplitSeq(c.values, ", ") {
				script.WriteString("INSERT INTO t VALUES (" + value + ");")
			}
			f := file(t, script.String())
			var got []string
			for line := range strings.Lines(shown(t, f, "SELECT d FROM t LIMIT 2")) {
				got = append(got, strings.TrimSuffix(line, "\n"))
			}
			rest := shown(t, f, "SELECT d FROM t LIMIT -1 OFFSET 2")
			if _, after, has := strings.Cut(rest, "\n"); has {
				got = append(got, strings.Split(after, "\n")...)
			}
			check(t, strings.Join(got, " "), c.want)
		})
	}
}
