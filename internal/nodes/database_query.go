package nodes

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/broked/broked/internal/databases"
)

// dbQuery is a statement for another database in the pieces that placeholders treat
// differently. What the pieces mean is for that database to say.
type dbQuery []piece

// readQuery cuts a statement into pieces and refuses what is seen to be wrong
// without a database.
func readQuery(text string) (dbQuery, error) {
	q, err := pieces(text, nextStandard)
	if err != nil {
		// One that closes all its quotes as MySQL reads them is for such a database.
		if all, asMySQL := pieces(text, nextMySQL); asMySQL == nil {
			return all, nil
		}
		return nil, err
	}
	for _, p := range q {
		if m := sqlPlaceholder.FindString(p.text); m != "" && p.kind == quotedName {
			return nil, fmt.Errorf("%s stands in a name: a placeholder is a value, so that data cannot change the statement", m)
		}
	}
	return q, nil
}

// nextStandard is nextPiece for databases that keep to the standard's quotes, and
// for the other quotes around names that SQLite takes.
func nextStandard(text string) (piece, int) {
	switch {
	case strings.HasPrefix(text, "--"):
		line, _, _ := strings.Cut(text, "\n")
		return piece{comment, line}, len(line)
	case strings.HasPrefix(text, "/*"):
		return until(comment, text, "*/", 2)
	case text[0] == '\'':
		return quoted(quotedText, text, 0)
	case text[0] == '"' || text[0] == '`':
		return quoted(quotedName, text, 0)
	case text[0] == '[':
		return until(quotedName, text, "]", 1)
	}
	token := plainToken.FindString(text)
	return piece{code, token}, len(token)
}

// as returns the statement in the pieces that a sort of database sees in it.
func (q dbQuery) as(kind databases.Kind) (dbQuery, error) {
	var text strings.Builder
	for _, p := range q {
		text.WriteString(p.text)
	}
	all, err := pieces(text.String(), dialectOf(kind).next)
	if err != nil {
		return nil, err
	}
	return all, sqlText(all).placeable()
}

// bind returns the statement for a sort of database, with parameters in the place of
// placeholders. Inside a text, the value is joined to what stands around it.
func (q dbQuery) bind(kind databases.Kind, values func(name string) (string, bool)) (databases.Query, error) {
	q, err := q.as(kind)
	if err != nil {
		return databases.Query{}, err
	}
	var out strings.Builder
	var params []any
	var missing error
	place := func(m string, asText bool) string {
		value, known := values(m[2 : len(m)-1])
		if !known {
			missing = fmt.Errorf("there is no value for %s", m)
		}
		params = append(params, param(value, asText))
		return paramMark(kind, len(params))
	}
	for _, p := range q {
		switch {
		case p.kind == comment:
			out.WriteByte(' ')
		case !sqlPlaceholder.MatchString(p.text):
			out.WriteString(p.text)
		case p.kind == quotedText || p.kind == escapedText:
			d, quote, end := dialectOf(kind), p.text[:strings.IndexAny(p.text, `'"`)+1], p.text[len(p.text)-1:]
			inner := sqlPlaceholder.ReplaceAllStringFunc(p.text, func(m string) string { return end + d.and + place(m, true) + d.and + quote })
			out.WriteString(d.join + "(" + inner + ")")
		default:
			out.WriteString(sqlPlaceholder.ReplaceAllStringFunc(p.text, func(m string) string { return place(m, false) }))
		}
	}
	return databases.Query{Text: out.String(), Params: params}, missing
}

// paramMark is what stands in a statement for its parameter with this number.
func paramMark(kind databases.Kind, number int) string { return dialectOf(kind).mark(number) }

var (
	wholeNumber = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,17})$`)
	fraction    = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,14})\.[0-9]{0,14}[1-9]$`)
)

// param returns a value as a number when it is written in the one way in which the
// number would be, so that it compares like one and nothing of it is lost.
func param(value string, asText bool) any { //nolint:ireturn // as databases.Query has it
	if asText {
		return value
	}
	if wholeNumber.MatchString(value) {
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return n
		}
	}
	if fraction.MatchString(value) {
		if f, err := strconv.ParseFloat(value, 64); err == nil && strconv.FormatFloat(f, 'f', -1, 64) == value {
			return f
		}
	}
	return value
}
