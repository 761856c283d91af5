package xmltable_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/xmltable"
)

func read(tb testing.TB, text, row string) string {
	tb.Helper()
	s, err := xmltable.Look(tb.Context(), strings.NewReader(text), row)
	if err != nil {
		return err.Error()
	}
	out := strings.Join(s.Columns(), "|")
	err = s.Rows(tb.Context(), strings.NewReader(text), func(values []string, _ []bool) error {
		out += "\n" + strings.Join(values, "|")
		return nil
	})
	if err != nil {
		out += "\n" + err.Error()
	}
	return out
}

func TestRows(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, row, want string }{
		{"elements", `<?xml version="1.0"?><r><o><id>1</id><n>a &amp; b</n></o><o><id>2</id><x/></o></r>`, "", "id|n|x\n1|a & b|\n2||"},
		{"attributes", `<r><o id="1" n="x"/><o id="2"/></r>`, "", "id|n\n1|x\n2|"},
		{"attribute called like an element", `<r><o id="1"><id>a</id></o><o id="2"/></r>`, "", "@id|id\n1|a\n2|"},
		{"nested", `<r><o><c id="7"><name>a</name></c></o><o><c><name>b</name><town><zip>00123</zip></town></c></o></r>`, "", "c_id|c_name|c_town_zip\n7|a|\n|b|00123"},
		{"several times", `<r><o><t>a</t><t>b</t></o><o><t>c</t></o></r>`, "", "t\na, b\nc"},
		{"deeper", `<r><head><v>1</v></head><list><o>a</o><o>b</o></list></r>`, "", "value\na\nb"},
		{"most often", `<r><h/><h/><o>a</o><o>b</o><o>c</o></r>`, "", "value\na\nb\nc"},
		{"by name", `<r><a><o><i>1</i></o></a><b><o><j>2</j></o></b></r>`, "o", "i|j\n1|\n|2"},
		{"one row", `<r><id>1</id><n>a</n></r>`, "", "id|n\n1|a"},
		{"namespaces", `<x:r xmlns:x="u"><x:o x:id="1"/><x:o x:id="2"/></x:r>`, "", "id\n1\n2"},
		{"text among elements", `<r><o>free<b>x</b></o><o/></r>`, "", "b|value\nx|free\n|"},
		{"data", `<r><o><![CDATA[<a>]]></o><o>b</o></r>`, "", "value\n<a>\nb"},
		{"around", "<r>\n  <o>\n    <a>1</a>\n    <b><c><d><e>x</e></d></c></b>\n  </o>\n  <o> </o>\n</r>", "", "a|b_c_d_e\n1|x\n|"},
		{"no such row", `<r><o/></r>`, "p", `has no elements called "p"`},
		{"nothing inside", `<r><o/><o/></r>`, "", `has nothing inside its elements "o"`},
		{"broken", "<r>\n<o></p></r>", "", "is not well-formed XML in line 2: XML syntax error on line 2: element <o> closed by </p>"},
		{"no XML", "id,name\n1,2\n", "", "has no elements: it is not XML"},
		{"own entities", `<!DOCTYPE r [<!ENTITY a "aaaa">]><r><o>&a;</o></r>`, "", "is not well-formed XML in line 1: XML syntax error on line 1: invalid character entity &a;"},
		{"too deep", strings.Repeat("<a>", 100), "", "has elements inside each other 64 deep"},
		{"encoding", "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><r><o>\xe9</o><o>b</o></r>", "", "value\né\nb"},
		{"unknown encoding", `<?xml version="1.0" encoding="nix"?><r/>`, "", `is not well-formed XML in line 1: xml: opening charset "nix": is in the encoding "nix", which is not known`},
	} {
		if diff := cmp.Diff(tc.want, read(t, tc.text, tc.row)); diff != "" {
			t.Errorf("%s: %s", tc.name, diff)
		}
	}
}

// FuzzRows checks that every row has all columns, whatever the document.
func FuzzRows(f *testing.F) {
	f.Add(`<r><o id="1"><c><d>x</d></c></o><o/></r>`, "")
	f.Add(`<a><b/><b>t</b></a>`, "b")
	f.Fuzz(func(t *testing.T, text, row string) {
		s, err := xmltable.Look(t.Context(), strings.NewReader(text), row)
		if err != nil {
			return
		}
		err = s.Rows(t.Context(), strings.NewReader(text), func(values []string, there []bool) error {
			if len(values) != len(s.Columns()) || len(there) != len(values) {
				return fmt.Errorf("%d values for %d columns", len(values), len(s.Columns()))
			}
			return nil
		})
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
