package expr

import (
	"strings"

	"github.com/broked/broked/internal/fault"
)

// Equal returns the SQL that is true where two columns are equal, as the
// language's own = has it: by their types, and never where one of them is null.
// Columns that cannot be compared are an Invalid fault.
func Equal(left, right Column) (string, error) {
	c := compiler{columns: []Column{left, right}}
	l := value{sql: left.SQL, typ: TypeOf(left.Type), atom: true}
	r := value{sql: right.SQL, typ: TypeOf(right.Type), atom: true}
	l, r, err := c.pair(l, r, false)
	if err != nil {
		return "", withoutPlace(err)
	}
	return l.operand() + " = " + r.operand(), nil
}

// Fit returns how columns are written so that all are of one type, and that type:
// numbers become the narrowest that holds them all, and text beside anything else
// makes text. Columns that have no type in common are an Invalid fault.
func Fit(columns []Column) ([]string, Type, error) {
	c, all := compiler{}, Type{}
	values := make([]value, len(columns))
	for i, col := range columns {
		values[i] = value{sql: col.SQL, typ: TypeOf(col.Type), atom: true}
		wider, ok := common(all, values[i].typ)
		if !ok {
			return nil, all, fault.New(fault.Invalid, "%s and %s have no type in common", all, values[i].typ)
		}
		all = wider
	}
	fitted, typ, err := c.unify(values)
	if err != nil {
		return nil, typ, withoutPlace(err)
	}
	sqls := make([]string, len(fitted))
	for i, v := range fitted {
		sqls[i] = v.sql
		if v.typ.SQL() != typ.SQL() {
			sqls[i] = "CAST(" + v.sql + " AS " + typ.SQL() + ")"
		}
	}
	return sqls, typ, nil
}

// withoutPlace removes the place in an expression from a message where there is
// no expression that a person has written.
func withoutPlace(err error) error {
	_, words, _ := strings.Cut(fault.MessageOf(err), ": ")
	return fault.New(fault.Invalid, "%s", words)
}
