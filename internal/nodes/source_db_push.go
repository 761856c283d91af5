package nodes

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/pushdown"
)

// hosts are the databases that are known well enough to compute something in place of the
// engine.
var hosts = []databases.Kind{databases.Postgres, databases.MySQL, databases.SQLite}

// snapshots is a database of which several things can be read as of one moment.
type snapshots interface {
	Snapshot(ctx context.Context, do func(databases.Snapshot) error) error
}

// Host implements node.Host. A query that is read by a cursor or in parts is not for
// others to build on, nor is one that may yield other rows when it is executed again.
func (s *sourceDB) Host(ctx context.Context, env node.Env, do func(node.Hosted) error) error {
	from, is := s.from.in(env).(snapshots)
	if !is {
		return nil
	}
	hosted, is := s.hosted(env)
	if !is {
		return nil
	}
	return from.Snapshot(ctx, func(at databases.Snapshot) error {
		h, is, err := hosted(ctx, at)
		if err != nil || !is {
			return err
		}
		return do(h)
	})
}

// hosted returns what finds the rows in a snapshot, and false when the query is not for
// others to build on.
func (s *sourceDB) hosted(env node.Env) (func(context.Context, databases.Snapshot) (node.Hosted, bool, error), bool) {
	if !s.hosts() {
		return nil, false
	}
	q, err := s.query.bind(s.from.kind, env.Values)
	if err != nil {
		return nil, false // Process says so
	}
	pieces, err := s.query.as(s.from.kind)
	if err != nil {
		return nil, false // Process says so
	}
	ordered, why := pieces.repeatable(s.from.kind)
	if why != "" {
		env.Log(node.Debug, "nothing behind this node is done in the database: %s", why)
		return nil, false
	}
	q.Text = unended(q.Text)
	return func(ctx context.Context, at databases.Snapshot) (node.Hosted, bool, error) {
		columns, err := at.Describe(ctx, q)
		if err != nil || !named(columns) {
			return node.Hosted{}, false, err
		}
		return node.Hosted{Source: pushdown.Source(s.from.kind, q, columns, ordered), Read: at.Read}, true, nil
	}, true
}

// hosts reports whether the settings let the database do more than the query.
func (s *sourceDB) hosts() bool {
	return s.PushDown && slices.Contains(hosts, s.from.kind) && s.CursorColumn == "" && s.Partitions == 0
}

// named reports whether each column has a name of its own. Process says so otherwise.
func named(columns []databases.Described) bool {
	seen := make(map[string]bool)
	for _, c := range columns {
		name := strings.ToLower(c.Name)
		if strings.TrimSpace(name) == "" || seen[name] {
			return false
		}
		seen[name] = true
	}
	return true
}

// Words that may stand before a parenthesis: those of the language, and functions that
// yield the same for the same.
var (
	structure = strings.Fields(`select from where and or not in values exists on using join union all except intersect any some as with materialized
		between like is by having case when then else over filter cast decimal numeric varchar char character timestamp time`)
	pure = strings.Fields(`abs coalesce nullif ifnull lower upper length char_length trim ltrim rtrim substr substring replace round floor ceil ceiling
		greatest least concat left right mod sign count min max extract date_trunc date_part make_date year month day hour minute second generate_series`)
	// unsettled are words of queries that may yield other rows the next time.
	unsettled = strings.Fields(`limit fetch offset tablesample over into for lateral`)
	// moments are words for the time of a statement, where that is not that of the
	// transaction.
	moments = strings.Fields(`current_timestamp current_date current_time localtime localtimestamp utc_timestamp utc_date utc_time sysdate`)
)

// repeatable says why the query may yield other rows when it is executed again in the
// same transaction, or as a part of another; empty when nothing is seen that it could be.
// Ordered says whether the rows have an order.
func (q dbQuery) repeatable(kind databases.Kind) (ordered bool, why string) {
	r := repetition{kind: kind}
	for _, p := range q {
		if word := strings.ToLower(strings.TrimSpace(p.text)); p.kind != comment && word != "" && r.why == "" {
			r.take(p, word)
		}
	}
	if r.why == "" && r.depth != 0 {
		r.why = notInPairs
	}
	return r.ordered, r.why
}

const notInPairs = "its parentheses are not in pairs"

// repetition is what is known of a query from its pieces so far.
type repetition struct {
	kind    databases.Kind
	depth   int
	before  string // the piece before
	ordered bool
	why     string
}

func (r *repetition) take(p piece, word string) {
	switch {
	case p.kind == code:
		r.word(word)
		r.before = word
		return
	case p.kind == quotedText && r.kind == databases.SQLite && strings.Contains(word, "now"):
		r.why = "the query may have the time in it"
	}
	r.before = p.text[:1]
}

func (r *repetition) word(word string) {
	switch {
	case strings.HasPrefix(word, "/*"), word == "@", r.before == ";":
		r.why = "the query has " + word + " in it"
	case word == "(":
		r.depth++
		r.why = called(r.before)
	case word == ")":
		if r.depth--; r.depth < 0 {
			r.why = notInPairs
		}
	case word == "order" && r.depth == 0:
		r.ordered = true
	default:
		r.why = told(r.kind, r.before, word)
	}
}

// called says what is wrong with a parenthesis behind a word.
func called(before string) string {
	if before == "" || strings.ContainsAny(before[:1], "(),=<>+-*/%|") || slices.Contains(structure, before) || slices.Contains(pure, before) {
		return ""
	}
	return before + "(...) may yield something else the next time"
}

// told says what is wrong with a word.
func told(kind databases.Kind, before, word string) string {
	own := kind != databases.Postgres
	switch {
	case slices.Contains(unsettled, word), own && slices.Contains(moments, word), own && word == "group", before == "distinct" && word == "on":
		return fmt.Sprintf("with %s the query may yield other rows the next time", strings.ToUpper(word))
	}
	return ""
}
