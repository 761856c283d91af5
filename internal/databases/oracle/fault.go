package oracle

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/sijms/go-ora/v2/network"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/fault"
)

// saying is what some of Oracle's numbers mean to a person.
type saying struct {
	numbers []int
	kind    fault.Kind
	code    string
	again   bool
}

var sayings = []saying{
	{[]int{1005, 1017, 1045, 28000, 28001, 1004}, fault.Invalid, "login_failed", false},
	{[]int{12504, 12505, 12514}, fault.Invalid, "database_not_found", false},
	{[]int{1031, 1536, 1950, 41900}, fault.Invalid, "permission_denied", false},
	{[]int{60, 8177, 12838}, fault.Unavailable, "conflict", true},
	{[]int{54, 30006, 4021}, fault.Unavailable, "database_locked", true},
	{[]int{18, 20, 2391, 12516, 12518, 12519, 12520}, fault.Unavailable, "too_many_connections", true},
	{[]int{28, 1012, 1033, 1034, 1089, 1092, 2396, 3113, 3114, 3135, 12528, 12537}, fault.Unavailable, "connection_lost", true},
	{[]int{1013, 40, 51}, fault.Unavailable, "statement_timeout", false},
	{[]int{257, 1652, 1653, 1654, 1658, 1688, 1691}, fault.Unavailable, "disk_full", false},
	{[]int{16000, 1456}, fault.Unavailable, "read_only", false},
}

// ofRows are the numbers that are about values, and ownNumbers those of triggers.
var ofRows = []int{
	1, 910, 1400, 1401, 1407, 1401, 1426, 1438, 1458, 1461, 1465, 1480, 1482, 1483, 1489, 1704, 1722, 1727, 1830, 1839, 1840, 1841, 1843, 1846, 1847, 1849, 1850, 1851, 1852,
	1854, 1855, 1858, 1861, 1862, 1867, 1873, 1877, 1878, 1881, 2290, 2291, 2292, 12899, 14400, 40441, 40474, 61800, 38104,
}

const ownNumbers, ownNumbersEnd = 20000, 20999

var (
	position = regexp.MustCompile(` error occur at position: -?\d+$`)
	help     = regexp.MustCompile(`(?s)\s*(?:Help:\s*)?https://docs\.oracle\.com/\S*`)
	// valueShown finds values in what newer servers say about them.
	valueShown = regexp.MustCompile(`(?s)\n?ORA-03301:.*$| (?:due to|with) columns? \([^)]*\) (?:with )?values? \(.*\)`)
	names      = regexp.MustCompile(`"((?:[^"]|"")*)"`)
	keyShown   = regexp.MustCompile(`constraint \((?:[^.()]*\.)?([^()]*)\)`)
	table      = regexp.MustCompile(`ORA-00942: table or view (?:"(?:[^".]*"\.")?([^"]*)" )?`)
)

// The numbers about one column, whose names come last in what Oracle says.
var ofColumns = []int{1400, 1407, 12899}

const (
	nullRefused  = 1400
	nullUpdated  = 1407
	tableMissing = 942
)

// say returns what an error of the server means. Values of cells are not in it.
func say(c connection.Connection, err error) *driven.Said {
	e, is := errors.AsType[*network.OracleError](err)
	if !is {
		return nil
	}
	text := position.ReplaceAllString(strings.TrimSpace(e.Error()), "")
	text = strings.TrimSpace(valueShown.ReplaceAllString(help.ReplaceAllString(text, ""), ""))
	for _, s := range sayings {
		if slices.Contains(s.numbers, e.ErrCode) {
			return &driven.Said{Kind: s.kind, Code: s.code, Again: s.again, Words: c.Host + " answers: " + text}
		}
	}
	said := &driven.Said{Kind: fault.Invalid, Code: "query_failed", Words: text}
	switch {
	case slices.Contains(ofRows, e.ErrCode), e.ErrCode >= ownNumbers && e.ErrCode <= ownNumbersEnd:
		said.Code, said.Row = "bad_value", true
		aboutRow(said, e.ErrCode, text)
	case e.ErrCode == tableMissing:
		if m := table.FindStringSubmatch(text); m != nil {
			said.Table = m[1]
		}
	}
	return said
}

func aboutRow(said *driven.Said, number int, text string) {
	if found := names.FindAllStringSubmatch(text, -1); len(found) > 0 && slices.Contains(ofColumns, number) {
		said.Columns = []string{found[len(found)-1][1]}
	}
	if m := keyShown.FindStringSubmatch(text); m != nil {
		said.Key = m[1]
	}
	if number == nullRefused || number == nullUpdated {
		said.Words += " (Oracle takes an empty text for a null)"
	}
}
