package expr

import (
	"strings"
	"testing"

	"github.com/broked/broked/internal/fault"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ src, want string }{
		// reading
		{"", "character 1: expected a value, found the end"},
		{"qty >", "character 6: expected a value, found the end"},
		{"qty > 1 status", `character 9: expected an operator or the end, found "status"`},
		{"(qty > 1", "character 9: expected an operator or ), found the end"},
		{"qty in 5", "character 8: expected a list such as ('a', 'b'), found \"5\""},
		{"qty in (1", "expected a comma or ), found the end"},
		{"1 < qty < 3", "character 9: comparisons cannot be chained"},
		{"status = 'open", "character 10: the text that begins here has no closing '"},
		{`"open`, `character 1: the name that begins here has no closing "`},
		{"status || 'x'", "character 8: '|' means nothing here: + joins text"},
		{"a && b", "are joined with and"},
		{"qty = 1; drop table t", "character 8: ';' means nothing here"},
		{"${param}", "a placeholder is written ${param.name}"},
		{"é = \n #", "line 2, character 2: '#' means nothing here"},
		{"end > 1", "found the keyword end (a column of that name goes in double quotes)"},
		{"qty is 5", "expected null"},
		{"qty not 5", "expected in, like, ilike or between"},
		{"case qty end", "expected when"},
		{"lowr(status)", `character 1: there is no function "lowr" (did you mean "lower"?)`},
		{"lower()", "lower is written lower(text)"},
		{"lower(status, 2)", "lower is written lower(text)"},
		{"a\x00b", "characters that are no text"},
		{"'\xff'", "characters that are no text"},
		{strings.Repeat("(", 10000) + "1", "nested too deeply"},
		{strings.Repeat("not ", 10000) + "true", "nested too deeply"},
		{strings.Repeat("-", 10000) + "qty", "nested too deeply"},
		{"1" + strings.Repeat("+1", 10000), "nested too deeply"},
		{strings.Repeat("lower(", 10000), "nested too deeply"},
		{strings.Repeat("x", 70000), "too long"},
		// columns and placeholders
		{"qty > 1 and amout > 2", `character 13: there is no column "amout" (did you mean "amount"?)`},
		{"qty > amout", `character 7: there is no column "amout"`},
		{"qty = amout", `there is no column "amout"`},
		{`lower("x")`, "(text goes in single quotes)"},
		{"qty > ${param.nothing}", "character 7: there is no value for ${param.nothing}"},
		{"status = 'a${param.nothing}'", "character 10: there is no value for ${param.nothing}"},
		// types
		{"day > '2024-02-30'", `character 7: "2024-02-30" is not a date, which is written '2024-01-31'`},
		{"day in ('2024-01-01', 'soon')", `character 23: "soon" is not a date`},
		{"day > 5", "dates go in quotes"},
		{"qty > 'many'", `character 7: "many" is not a whole number`},
		{"qty > ${param.status}", `"active" is not a whole number`},
		{"qty + ${param.status}", `"active" is not a number`},
		{"flag = 'maybe'", `"maybe" is not true or false`},
		{"flag = 1", "true or false cannot be compared with a whole number"},
		{"qty = null", "write is null"},
		{"qty in (1, null)", "write is null"},
		{"status * 2", "character 1: this is text, but a number is needed: number(...)"},
		{"day * 2", "date_diff"},
		{"at + 1", "date_diff"},
		{"day + 1.5", "whole days"},
		{"qty and flag", "character 1: and, or and not join conditions, but this is a whole number"},
		{"case when qty then 1 end", "a condition must be true or false"},
		{"iif(qty, 1, 2)", "a condition must be true or false"},
		{"coalesce(qty, day)", "this is a date, but what it is chosen with is a whole number"},
		{"year(status)", "year needs a date, but this is text: date(...)"},
		{"year(qty)", "year needs a date"},
		{"date_trunc('mnth', day)", `"mnth" is no unit of time (did you mean "month"?)`},
		{"date_trunc(status, day)", "with a text in single quotes here"},
		{"strftime(day, '%Q')", "has a % with no letter"},
		{"strftime(day, '%')", "has a % with no letter"},
		{"regexp_matches(zip, '(')", "is no regular expression"},
		{"round(amount, 99)", "digits must be"},
		{"list = pair", "cannot be compared"},
		{"number(day)", "is no number"},
		{"date(qty)", "cannot be made a date"},
		{"qty > 1" + strings.Repeat("0", 400), "is not a number that can be computed with"},
		{strings.Repeat("1/(qty-", 40) + "1" + strings.Repeat(")", 40), "too complicated"},
	} {
		e, err := Parse(test.src)
		if err == nil {
			_, err = e.Compile(sampleColumns(), lookup)
		}
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), test.want) {
			t.Errorf("%.60s: got %v, want %s", test.src, err, test.want)
		}
	}
	e, err := Parse("qty + 1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = e.Condition(sampleColumns(), nil); !strings.Contains(fault.MessageOf(err), "a condition must be true or false, but this is a whole number") {
		t.Errorf("condition of a number: %v", err)
	}
	if _, err = Find([]Column{{Name: "A"}, {Name: "a"}, {Name: "b"}}, "a"); err != nil {
		t.Errorf("exact name: %v", err)
	}
	if _, err = Find([]Column{{Name: "Ä"}, {Name: "ä"}}, "Ä"); err != nil {
		t.Errorf("exact name: %v", err)
	}
	if _, err = Find([]Column{{Name: "AB"}, {Name: "aB"}}, "ab"); err == nil {
		t.Error("an ambiguous name was found")
	}
}
