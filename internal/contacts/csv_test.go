package contacts_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/contacts"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

func TestImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, outbound.Policy{})
	w.add(t, `{"email": "bob@example.com", "first_name": "Bob", "phone": "+1 555 010 0199"}`)
	file := "\xef\xbb\xbfEmail,First Name,phone,tags,custom.score,Shoe\n" +
		"ada@example.com,Ada,,a|b,7,38\n" +
		"BOB@example.com,Robert,,,,\n" +
		"nobody,Nobody,x,,,\n" +
		",No key,,,,\n" +
		"\"ada@example.com\",,\"'+1 555 010 0177\",,,\n"
	tried, err := w.Import(t.Context(), []byte(file), contacts.ImportOptions{KeepUnknown: true, Test: true})
	if err != nil || tried.Created != 2 || tried.Updated != 1 || tried.Rejected != 2 {
		t.Errorf("only tried: %+v, %v", tried, err)
	}
	got, err := w.Import(t.Context(), []byte(file), contacts.ImportOptions{KeepUnknown: true})
	if err != nil {
		t.Fatal(err)
	}
	want := contacts.Imported{Rows: 5, Created: 1, Updated: 2, Rejected: 2, Rejection: []contacts.RejectedRow{
		{Line: 4, Error: "the contact cannot be saved: email: is not an e-mail address, such as ada@example.com (and 1 more)", Problems: []fault.Problem{
			{Path: "email", Message: "is not an e-mail address, such as ada@example.com"}, {Path: "phone", Message: "is not a telephone number, such as +1 555 010 0199"},
		}},
		{Line: 5, Error: "a contact needs an email or an agent_id"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("imported (-want +got):\n%s", diff)
	}
	all, err := w.List(t.Context(), contacts.Filter{Oldest: true, Limit: 9})
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	bob, ada := all[0], all[1]
	if bob.FirstName != "Robert" || bob.Phone == "" || ada.Phone != "+1 555 010 0177" || strings.Join(ada.Tags, ",") != "a,b" ||
		string(ada.Custom["score"]) != `"7"` || string(ada.Custom["Shoe"]) != `"38"` {
		t.Errorf("stored: %+v", all)
	}
}

func TestImportRefusesWhatIsNoTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, outbound.Policy{})
	for name, file := range map[string]string{
		"empty": "", "no UTF-8": "email\n\xff@b.cd\n", "unknown column": "email,shoe\n", "a column twice": "email,Email\n", "no name": "email,\n",
		"test": "email,test\n", "ragged": "email,phone\na@b.cd\n", "quotes": "email\n\"a@b.cd\n", "too long": "email\n" + strings.Repeat("a@b.cd\n", 10_001),
	} {
		got, err := w.Import(t.Context(), []byte(file), contacts.ImportOptions{})
		if fault.CodeOf(err) != "bad_file" || fault.KindOf(err) != fault.Unprocessable || got.Rows != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestWhatIsExportedCanBeImported(t *testing.T) {
	t.Parallel()
	from, to := newWorld(t, outbound.Policy{}), newWorld(t, outbound.Policy{})
	from.add(t, `{"email": "ada@example.com", "agent_id": "=1+1", "phone": "+1 555 010 0199", "notes": "two\nlines, \"quoted\"; more", "tags": ["a", "b"],
		"custom": {"n": 12345678901234567890, "o": {"p": [1]}}, "product": "retention", "birthday": "31/12/1990", "document_urls": ["https://example.com/a"]}`)
	from.add(t, `{"agent_id": "b1", "last_name": "@SUM(A1)"}`)
	for _, spreadsheet := range []bool{false, true} {
		var file bytes.Buffer
		if err := from.Export(t.Context(), &file, contacts.Filter{}, spreadsheet); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(file.String(), ",=1+1") == spreadsheet || strings.Contains(file.String(), ",'@SUM") != spreadsheet {
			t.Errorf("for spreadsheets %t: %s", spreadsheet, file.String())
		}
		if done, err := to.Import(t.Context(), file.Bytes(), contacts.ImportOptions{}); err != nil || done.Rejected != 0 {
			t.Fatalf("%+v, %v", done, err)
		}
	}
	want, err := from.List(t.Context(), contacts.Filter{Limit: 9})
	if err != nil {
		t.Fatal(err)
	}
	got, err := to.List(t.Context(), contacts.Filter{Limit: 9})
	if err != nil {
		t.Fatal(err)
	}
	ignore := cmp.FilterPath(func(p cmp.Path) bool {
		return strings.Contains(" ID CreatedAt UpdatedAt ", " "+strings.TrimPrefix(p.Last().String(), ".")+" ")
	}, cmp.Ignore())
	if diff := cmp.Diff(want, got, ignore); diff != "" {
		t.Errorf("(-exported +imported):\n%s", diff)
	}
	history, err := to.History(t.Context(), got[0].ID)
	if err != nil || len(history) != 1 || history[0].Source != "import" {
		t.Errorf("the second import changed something: %+v, %v", history, err)
	}
}
