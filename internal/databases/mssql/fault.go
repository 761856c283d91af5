package mssql

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	lib "github.com/microsoft/go-mssqldb"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/fault"
)

// saying is what some of SQL Server's numbers mean to a person.
type saying struct {
	numbers []int32
	kind    fault.Kind
	code    string
	again   bool
}

// sayings are looked through in order: a database that cannot be opened fails the login
// as well.
var sayings = []saying{
	{[]int32{4060, 4063, 911, 945}, fault.Invalid, "database_not_found", false},
	{[]int32{18456, 18452, 18461, 18470, 18486, 18487, 18488, 4064}, fault.Invalid, "login_failed", false},
	{[]int32{229, 230, 262, 297, 300, 916, 15247, 1088, 6102, 4834}, fault.Invalid, "permission_denied", false},
	{[]int32{1205, 3960, 3961}, fault.Unavailable, "conflict", true},
	{[]int32{1222}, fault.Unavailable, "database_locked", true},
	{[]int32{17809, 10928, 10929, 40501, 49918, 49919, 49920}, fault.Unavailable, "too_many_connections", true},
	{[]int32{596, 6005, 40197, 40613, 40143, 233}, fault.Unavailable, "connection_lost", true},
	{[]int32{1101, 1105, 9002, 1827, 40544}, fault.Unavailable, "disk_full", false},
	{[]int32{3906, 3908}, fault.Unavailable, "read_only", false},
}

// ofRows are the numbers that are about values; those of people's own are too, which
// triggers raise.
var ofRows = []int32{220, 232, 241, 242, 244, 245, 248, 295, 515, 517, 547, 2601, 2627, 2628, 6608, 8114, 8115, 8134, 8152, 8169, 8672, 9400, 9420, 9455, 9807, 13609}

const ownNumbers = 50000

var (
	// valueShown finds values in what SQL Server says about them.
	valueShown = regexp.MustCompile(`(?s) The duplicate key value is \(.*\)\.?| Truncated value: '.*'\.?|, value = [^,]*|( the [a-z0-9]+ value) '.*'( to )`)
	column     = regexp.MustCompile(`column '([^']*)'`)
	keyShown   = regexp.MustCompile(`(?:constraint|unique index) '([^']*)'`)
	table      = regexp.MustCompile(`Invalid object name '(?:[^'.]*\.)*([^']*)'`)
)

// say returns what an error of the server means. Values of cells are not in it.
func say(c connection.Connection, err error) *driven.Said {
	e, is := errors.AsType[lib.Error](err)
	if !is {
		return nil
	}
	told := append([]lib.Error{e}, e.All...)
	for _, s := range sayings {
		if at := slices.IndexFunc(told, func(one lib.Error) bool { return slices.Contains(s.numbers, one.Number) }); at >= 0 {
			return &driven.Said{Kind: s.kind, Code: s.code, Again: s.again, Words: c.Host + " answers: " + strings.TrimPrefix(told[at].Message, "login error: ")}
		}
	}
	// The first says what is wrong; others follow from it.
	if len(e.All) > 0 {
		e = e.All[0]
	}
	text := valueShown.ReplaceAllString(e.Message, "$1$2")
	said := &driven.Said{Kind: fault.Invalid, Code: "query_failed", Words: text}
	switch {
	case slices.Contains(ofRows, e.Number), e.Number >= ownNumbers:
		said.Code, said.Row = "bad_value", true
		if m := column.FindStringSubmatch(text); m != nil {
			said.Columns = []string{m[1]}
		}
		if m := keyShown.FindStringSubmatch(text); m != nil {
			said.Key = m[1]
		}
	case e.Number == 208:
		if m := table.FindStringSubmatch(text); m != nil {
			said.Table = m[1]
		}
	}
	return said
}
