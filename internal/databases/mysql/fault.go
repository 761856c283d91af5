package mysql

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	lib "github.com/go-sql-driver/mysql"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/fault"
)

// saying is what one of MySQL's numbers means to a person.
type saying struct {
	kind  fault.Kind
	code  string
	words string // %s is what MySQL says
	again bool
}

var sayings = map[uint16]saying{
	1045: {fault.Invalid, "login_failed", "", false}, 1698: {fault.Invalid, "login_failed", "", false}, 1251: {fault.Invalid, "login_failed", "", false},
	1049: {fault.Invalid, "database_not_found", "", false},
	1044: {fault.Invalid, "permission_denied", "", false}, 1142: {fault.Invalid, "permission_denied", "", false}, 1143: {fault.Invalid, "permission_denied", "", false},
	1227: {fault.Invalid, "permission_denied", "", false}, 1370: {fault.Invalid, "permission_denied", "", false},
	1040: {fault.Unavailable, "too_many_connections", "", true}, 1203: {fault.Unavailable, "too_many_connections", "", true}, 1226: {fault.Unavailable, "too_many_connections", "", true},
	1053: {fault.Unavailable, "connection_lost", "", true}, 1317: {fault.Unavailable, "connection_lost", "", true}, 1927: {fault.Unavailable, "connection_lost", "", true},
	1158: {fault.Unavailable, "connection_lost", "", true}, 1159: {fault.Unavailable, "connection_lost", "", true}, 1160: {fault.Unavailable, "connection_lost", "", true}, 1161: {fault.Unavailable, "connection_lost", "", true},
	1205: {fault.Unavailable, "database_locked", "", true}, 1213: {fault.Unavailable, "conflict", "", true}, 1020: {fault.Unavailable, "conflict", "", true},
	1021: {fault.Unavailable, "disk_full", "", false}, 1114: {fault.Unavailable, "disk_full", "", false},
	1969: {fault.Unavailable, "statement_timeout", "", false}, 3024: {fault.Unavailable, "statement_timeout", "", false}, 1028: {fault.Unavailable, "statement_timeout", "", false},
	1792: {fault.Invalid, "query_failed", "must be a SELECT: this node reads and changes nothing", false},
	1290: {fault.Unavailable, "read_only", "", false}, 1836: {fault.Unavailable, "read_only", "", false},
}

// ofRows are the numbers that are about values, besides those of the classes 22 and 23.
var ofRows = []uint16{1048, 1062, 1264, 1265, 1292, 1364, 1366, 1367, 1406, 1411, 1416, 1441, 1451, 1452, 1525, 1526, 1586, 1644, 1690, 1748, 3140, 3819, 3854, 4025, 4161}

var (
	// valueShown finds values in what MySQL says about them.
	valueShown = regexp.MustCompile(`(?s)(Duplicate entry) '.*'( for key)|(Incorrect [a-z ]*value:) '.*'( for)|(Truncated incorrect [A-Za-z ]+ value:) '.*'()|(Invalid JSON text).*()`)
	rowShown   = regexp.MustCompile(` at row \d+`)
	column     = regexp.MustCompile("(?i)(?:column|field) (?:[`'][^`']*[`']\\.)*[`']([^`']*)[`']")
	keyShown   = regexp.MustCompile(`for key '([^']*)'`)
	table      = regexp.MustCompile(`Table '(?:[^'.]*\.)?([^']*)' doesn't exist`)
)

// say returns what an error of the server means. Values of cells are not in it.
func say(c connection.Connection, err error) *driven.Said {
	if errors.Is(err, lib.ErrNoTLS) {
		return &driven.Said{Kind: fault.Unavailable, Code: "tls_failed", Words: c.Host + " offers no TLS: look at sslmode"}
	}
	e, is := errors.AsType[*lib.MySQLError](err)
	if !is {
		return nil
	}
	text := rowShown.ReplaceAllString(valueShown.ReplaceAllString(e.Message, "$1$3$5$7$2$4$6"), "")
	state := string(e.SQLState[:])
	said := &driven.Said{Kind: fault.Invalid, Code: "query_failed", Words: text}
	s, known := sayings[e.Number]
	switch {
	case known && s.words != "":
		said.Code, said.Words = s.code, s.words
	case known:
		said.Kind, said.Code, said.Again, said.Words = s.kind, s.code, s.again, c.Host+" answers: "+text
	case slices.Contains(ofRows, e.Number), strings.HasPrefix(state, "22"), strings.HasPrefix(state, "23"), state == "45000":
		said.Code, said.Row = "bad_value", true
		if m := column.FindStringSubmatch(text); m != nil {
			said.Columns = []string{m[1]}
		}
		if m := keyShown.FindStringSubmatch(text); m != nil {
			said.Key = m[1][strings.LastIndexByte(m[1], '.')+1:]
		}
	case e.Number == 1146:
		if m := table.FindStringSubmatch(text); m != nil {
			said.Table = m[1]
		}
	}
	return said
}
