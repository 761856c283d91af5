package nodes

import (
	"strconv"
	"strings"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/sqltext"
)

// dbDialect is how a sort of database reads statements that values are put into.
type dbDialect struct {
	next      func(text string) (piece, int) // reads a piece
	mark      func(number int) string        // of a parameter
	join, and string                         // what texts are joined by: a function, and what stands between
	quote     func(name string) string
	// typed returns a parameter that goes on from a value as an expression of the value's
	// type, and the value as it is bound. It may be left out.
	typed func(mark string, r cursorRead) (expression string, value any)
	// exact returns what tells texts apart that compare as equal, as those do that differ
	// in upper and lower case alone. It is left out where none do.
	exact func(expression string) string
}

var dbDialects = map[databases.Kind]dbDialect{
	databases.SQLite:   {nextStandard, numbered("?"), "", " || ", sqltext.Ident, nil, nil},
	databases.Postgres: {nextPiece, numbered("$"), "", " || ", sqltext.Ident, nil, nil},
	databases.Redshift: {nextRedshift, numbered("$"), "", " || ", sqltext.Ident, nil, nil},
	// Numbers and moments that are bound as texts are compared as what they are.
	databases.BigQuery:   {nextBigQuery, func(int) string { return "?" }, "", " || ", backticks, typedBigQuery, nil},
	databases.Snowflake:  {nextRedshift, func(int) string { return "?" }, "", " || ", sqltext.Ident, nil, nil},
	databases.MySQL:      {nextMySQL, func(int) string { return "?" }, "concat", ", ", backticks, typedMySQL, exactMySQL},
	databases.ClickHouse: {nextClickHouse, numbered("$"), "concat", ", ", backticks, typedClickHouse, nil},
	databases.MSSQL:      {nextMSSQL, numbered("@p"), "concat", ", ", brackets, typedMSSQL, exactMSSQL},
	databases.Oracle:     {nextMSSQL, numbered(":"), "", " || ", sqltext.Ident, typedOracle, nil},
}

func dialectOf(kind databases.Kind) dbDialect { return dbDialects[kind] }

func numbered(before string) func(int) string {
	return func(number int) string { return before + strconv.Itoa(number) }
}

func backticks(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// typedMySQL sees to values that MySQL would compare as fractions or as texts in their
// place: decimals and the longest numbers are bound as texts, and moments have no zone.
func typedMySQL(mark string, r cursorRead) (string, any) { //nolint:ireturn // as databases.Query has it
	as := ""
	switch typ, _, _ := strings.Cut(r.Type, "("); typ {
	case "DECIMAL":
		_, behind, _ := strings.Cut(r.Value, ".")
		as = "DECIMAL(65, " + strconv.Itoa(min(len(behind), 30)) + ")"
	case "UBIGINT":
		as = "UNSIGNED"
	case "TIMESTAMP", "TIMESTAMP WITH TIME ZONE":
		r.Value, as = strings.TrimSuffix(r.Value, "+00"), "DATETIME(6)"
	case "DATE":
		as = "DATE"
	case "TIME":
		as = "TIME(6)"
	}
	if as == "" {
		return mark, r.param()
	}
	return "CAST(" + mark + " AS " + as + ")", r.Value
}

func brackets(name string) string { return "[" + strings.ReplaceAll(name, "]", "]]") + "]" }

// typedMSSQL sees to values that SQL Server would take for something shorter: decimals
// and moments are bound as texts.
func typedMSSQL(mark string, r cursorRead) (string, any) { //nolint:ireturn // as databases.Query has it
	as := ""
	switch typ, _, _ := strings.Cut(r.Type, "("); typ {
	case "DECIMAL":
		_, behind, _ := strings.Cut(r.Value, ".")
		as = "decimal(38, " + strconv.Itoa(min(len(behind), 38)) + ")"
	case "TIMESTAMP":
		as = "datetime2(7)"
	case "TIMESTAMP WITH TIME ZONE":
		r.Value, as = strings.TrimSuffix(r.Value, "+00")+"+00:00", "datetimeoffset(7)"
	case "DATE":
		as = "date"
	case "TIME":
		as = "time(7)"
	}
	if as == "" {
		return mark, r.param()
	}
	return "CAST(" + mark + " AS " + as + ")", r.Value
}

// exactMSSQL compares by characters, whatever the collation, and by blanks at the end.
func exactMSSQL(expression string) string {
	return "CAST(CAST(" + expression + " AS nvarchar(max)) AS varbinary(max))"
}

// typedClickHouse sees to values that ClickHouse compares with none but those of a type.
func typedClickHouse(mark string, r cursorRead) (string, any) { //nolint:ireturn // as databases.Query has it
	switch typ, _, _ := strings.Cut(r.Type, "("); typ {
	case "DECIMAL":
		_, behind, _ := strings.Cut(r.Value, ".")
		return "toDecimal128(" + mark + ", " + strconv.Itoa(min(len(behind), 38)) + ")", r.Value
	case "UBIGINT":
		return "toUInt64(" + mark + ")", r.Value
	case "HUGEINT":
		return "toInt128(" + mark + ")", r.Value
	case "UHUGEINT":
		return "toUInt128(" + mark + ")", r.Value
	case "TIMESTAMP WITH TIME ZONE":
		return "toDateTime64(" + mark + ", 6, 'UTC')", strings.TrimSuffix(r.Value, "+00")
	case "DATE":
		return "toDate32(" + mark + ")", r.Value
	case "UUID":
		return "toUUID(" + mark + ")", r.Value
	}
	return mark, r.param()
}

// typedOracle sees to decimals and moments, which are bound as texts in the session's formats.
func typedOracle(mark string, r cursorRead) (string, any) { //nolint:ireturn // as databases.Query has it
	switch typ, _, _ := strings.Cut(r.Type, "("); typ {
	case "DECIMAL":
		return "TO_NUMBER(" + mark + ")", r.Value
	case "TIMESTAMP":
		return "TO_TIMESTAMP(" + mark + ")", r.Value
	case "TIMESTAMP WITH TIME ZONE":
		return "TO_TIMESTAMP_TZ(" + mark + ")", strings.TrimSuffix(r.Value, "+00") + " +00:00"
	}
	return mark, r.param()
}

// nextClickHouse is nextPiece for ClickHouse, where a backslash escapes and # begins a
// comment.
func nextClickHouse(text string) (piece, int) {
	switch text[0] {
	case '#':
		line, _, _ := strings.Cut(text, "\n")
		return piece{comment, line}, len(line)
	case '\'':
		return quoted(escapedText, text, 0)
	case '[':
		return piece{code, text[:1]}, 1
	}
	return nextStandard(text)
}

// nextMSSQL is nextStandard for SQL Server, where an N stands before texts.
func nextMSSQL(text string) (piece, int) {
	switch {
	case strings.HasPrefix(text, "N'"), strings.HasPrefix(text, "n'"):
		return quoted(quotedText, text, 1)
	case text[0] == '`': // is nothing there
		return piece{code, text[:1]}, 1
	}
	return nextStandard(text)
}

// exactMySQL compares by characters, whatever the collation and however texts are kept.
func exactMySQL(expression string) string {
	return "CAST(CONVERT(" + expression + " USING utf8mb4) AS BINARY)"
}

// nextBigQuery is nextPiece for BigQuery, whose quotes are those of MySQL.
func nextBigQuery(text string) (piece, int) {
	if strings.HasPrefix(text, "--") {
		line, _, _ := strings.Cut(text, "\n")
		return piece{comment, line}, len(line)
	}
	return nextMySQL(text)
}

// typedBigQuery sees to decimals, which are bound as texts; days and moments are understood
// as such.
func typedBigQuery(mark string, r cursorRead) (string, any) { //nolint:ireturn // as databases.Query has it
	if strings.HasPrefix(r.Type, "DECIMAL") {
		return "CAST(" + mark + " AS BIGNUMERIC)", r.Value
	}
	return mark, r.param()
}

// nextRedshift is nextPiece for Redshift, where a backslash escapes in every text.
func nextRedshift(text string) (piece, int) {
	if text[0] == '\'' {
		return quoted(escapedText, text, 0)
	}
	return nextPiece(text)
}

// nextMySQL is nextPiece for MySQL, where a backslash escapes, double quotes are around
// texts as well, and # begins a comment.
func nextMySQL(text string) (piece, int) {
	switch {
	case text[0] == '#', strings.HasPrefix(text, "--") && (len(text) == 2 || text[2] <= ' '):
		line, _, _ := strings.Cut(text, "\n")
		return piece{comment, line}, len(line)
	case strings.HasPrefix(text, "/*!"), strings.HasPrefix(text, "/*M!"): // which MySQL executes
		token := plainToken.FindString(text)
		return piece{code, token}, len(token)
	case strings.HasPrefix(text, "/*"):
		return until(comment, text, "*/", 2)
	case text[0] == '\'' || text[0] == '"':
		return quoted(escapedText, text, 0)
	case text[0] == '`':
		return quoted(quotedName, text, 0)
	}
	token := plainToken.FindString(text)
	return piece{code, token}, len(token)
}
