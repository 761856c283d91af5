package clickhouse

import (
	"errors"
	"regexp"
	"slices"

	lib "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/fault"
)

// saying is what some of ClickHouse's numbers mean to a person.
type saying struct {
	numbers []int32
	kind    fault.Kind
	code    string
	again   bool
}

var sayings = []saying{
	{[]int32{192, 193, 194, 516}, fault.Invalid, "login_failed", false},
	{[]int32{81}, fault.Invalid, "database_not_found", false},
	{[]int32{164, 291, 497}, fault.Invalid, "permission_denied", false},
	{[]int32{159, 160}, fault.Unavailable, "statement_timeout", false},
	{[]int32{202, 203}, fault.Unavailable, "too_many_connections", true},
	{[]int32{209, 210, 236, 279, 394, 999}, fault.Unavailable, "connection_lost", true},
	{[]int32{242, 252, 319, 473}, fault.Unavailable, "conflict", true},
	{[]int32{243}, fault.Unavailable, "disk_full", false},
}

// ofRows are the numbers that are about values: constraints, and what does not fit.
var ofRows = []int32{6, 27, 38, 41, 53, 69, 70, 72, 131, 321, 349, 407, 469, 691}

var (
	// valueShown finds values in what ClickHouse says about them.
	valueShown = regexp.MustCompile(`(?s) Column values: .*$|(Cannot parse [a-z ]*)'.*'|: while (?:converting|executing) .*$`)
	table      = regexp.MustCompile("(?:Unknown table expression identifier '|Table [`']?)(?:[^`'. ]*[`']?\\.[`']?)?([^`'. ]*)")
)

// say returns what an error of the server means. Values of cells are not in it.
func say(c connection.Connection, err error) *driven.Said {
	e, is := errors.AsType[*lib.Exception](err)
	if !is {
		return nil
	}
	text := valueShown.ReplaceAllString(e.Message, "$1")
	for _, s := range sayings {
		if slices.Contains(s.numbers, e.Code) {
			return &driven.Said{Kind: s.kind, Code: s.code, Again: s.again, Words: c.Host + " answers: " + text}
		}
	}
	said := &driven.Said{Kind: fault.Invalid, Code: "query_failed", Words: text}
	switch {
	case slices.Contains(ofRows, e.Code):
		said.Code, said.Row = "bad_value", true
	case e.Code == 60:
		if m := table.FindStringSubmatch(text); m != nil {
			said.Table = m[1]
		}
	}
	return said
}
