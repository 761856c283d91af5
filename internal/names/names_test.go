package names_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/connections"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/names"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/nodes"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/sealed"
	"github.com/broked/broked/internal/store"
	"github.com/broked/broked/internal/store/storetest"
	"github.com/broked/broked/internal/variables"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world has variables and connections in a database of their own.
func world(t *testing.T) *names.Names {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Options{Path: storetest.SQLite(t), Log: log})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close(context.WithoutCancel(t.Context()))) })
	q, err := queue.New(t.Context(), db.Writer(), log, queue.Options{})
	must(t, err)
	memory := store.New(db, q)
	box, err := sealed.Open(filepath.Join(t.TempDir(), "data.key"))
	must(t, err)
	kinds, err := node.NewRegistry(nodes.All()...)
	must(t, err)
	environment := map[string]string{"REGION": "north", "HOME": "/root", "BROKED_SECRET_CRM": "of the server", "BROKED_SECRET_TOKEN": "hidden by the variable"}
	return &names.Names{
		Variables:   variables.NewService(memory, box),
		Connections: connections.NewService(connections.Deps{Store: memory, Box: box, Kinds: kinds}),
		Env:         []string{"REGION", "BROKED_SECRET_CRM"},
		Lookup: func(name string) (string, bool) {
			text, is := environment[name]
			return text, is
		},
	}
}

func put(t *testing.T, n *names.Names, key string, typ variables.Type, value string) error {
	t.Helper()
	_, err := n.Variables.Put(t.Context(), variables.Draft{Key: &key, Type: &typ, Value: json.RawMessage(value)})
	return err
}

func TestMeanings(t *testing.T) {
	t.Parallel()
	n := world(t)
	must(t, put(t, n, "region", variables.String, `"south"`))
	must(t, put(t, n, "limit", variables.Number, `12.50`))
	must(t, put(t, n, "token", variables.Secret, `"s3cret"`))
	_, err := n.Connections.Create(t.Context(), connections.Draft{Name: new("crm"), Type: new("http"), Host: new("https://crm.example.com")})
	must(t, err)
	for _, c := range []struct {
		name   string
		before *pipelines.Meaning // as a check knows it, which opens no secret
		run    *pipelines.Meaning // as a run knows it
	}{
		{"var.region", &pipelines.Meaning{Text: "south", Version: 1}, &pipelines.Meaning{Text: "south", Version: 1}},
		{"var.limit", &pipelines.Meaning{Text: "12.50", Version: 1, JSON: true}, &pipelines.Meaning{Text: "12.50", Version: 1, JSON: true}},
		{"var.token", &pipelines.Meaning{Version: 1, Secret: true}, &pipelines.Meaning{Text: "s3cret", Version: 1, Secret: true}},
		{"secret.token", &pipelines.Meaning{Version: 1, Secret: true}, &pipelines.Meaning{Text: "s3cret", Version: 1, Secret: true}},
		{"secret.region", nil, nil}, // it is none
		{"secret.crm", &pipelines.Meaning{Text: "of the server", Secret: true}, &pipelines.Meaning{Text: "of the server", Secret: true}},
		{"secret.gone", nil, nil},
		{"env.REGION", &pipelines.Meaning{Text: "north"}, &pipelines.Meaning{Text: "north"}},
		{"env.HOME", nil, nil},              // nobody allows it
		{"env.BROKED_SECRET_CRM", nil, nil}, // not even when it is allowed
		{"conn.crm.host", &pipelines.Meaning{Text: "https://crm.example.com"}, &pipelines.Meaning{Text: "https://crm.example.com"}},
		{"conn.CRM.type", &pipelines.Meaning{Text: "http"}, &pipelines.Meaning{Text: "http"}},
		{"conn.crm.password", nil, nil},
		{"conn.gone.host", nil, nil},
		{"conn.crm", nil, nil},
		{"var.gone", nil, nil},
		{"other.x", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before, err := n.Known(t.Context(), []string{c.name})
			must(t, err)
			run, err := n.Resolve(t.Context(), auth.DefaultWorkspace, []string{c.name})
			must(t, err)
			for what, pair := range map[string]struct {
				known *pipelines.Known
				want  *pipelines.Meaning
			}{"before": {before, c.before}, "in a run": {run, c.run}} {
				got, is := pair.known.Named[c.name]
				if is != (pair.want != nil) {
					t.Fatalf("%s: it is known: %t", what, is)
				}
				if !is {
					if len(pair.known.All) == 0 {
						t.Errorf("%s: nothing is suggested", what)
					}
					continue
				}
				if diff := cmp.Diff(*pair.want, got); diff != "" {
					t.Errorf("%s: %s", what, diff)
				}
			}
		})
	}
	elsewhere, err := n.Resolve(t.Context(), "other", []string{"var.region"})
	must(t, err)
	if _, is := elsewhere.Named["var.region"]; is {
		t.Error("another workspace has the variable")
	}
}

// TestValuesFitTheirTypes sees what is taken, and what of a value stays when its type changes.
func TestValuesFitTheirTypes(t *testing.T) {
	t.Parallel()
	n := world(t)
	for _, c := range []struct {
		key   string
		typ   variables.Type
		value string
		kept  string // empty for what is refused
	}{
		{"a", variables.String, `" x "`, " x "},
		{"b", variables.Number, `" -0.5e3 "`, "-0.5e3"},
		{"c", variables.Number, `123456789012345678901234567890`, "123456789012345678901234567890"},
		{"d", variables.Number, `"NaN"`, ""},
		{"e", variables.Number, `"01"`, ""},
		{"f", variables.Boolean, `true`, "true"},
		{"g", variables.Boolean, `"yes"`, ""},
		{"h", variables.JSON, `{"a": [1, 2]}`, `{"a":[1,2]}`},
		{"i", variables.JSON, `"{\"a\": 1, \"a\": 2}"`, ""},
		{"j", variables.String, `"\u0000"`, ""},
		{"k", variables.Secret, `"x"`, variables.Mask},
		{"l", variables.Secret, `""`, ""},
		{"m", "list", `"x"`, ""},
		{"0n", variables.String, `"x"`, ""},
		{"o", variables.String, ``, ""},
	} {
		err := put(t, n, c.key, c.typ, c.value)
		if (err == nil) != (c.kept != "") || err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s %s: %v", c.key, c.value, err)
			continue
		}
		if err == nil {
			v, err := n.Variables.Get(t.Context(), c.key)
			must(t, err)
			if v.Value != c.kept {
				t.Errorf("%s is kept as %q, want %q", c.key, v.Value, c.kept)
			}
		}
	}
	for _, c := range []struct {
		key   string
		to    variables.Type
		wrong bool
	}{{"b", variables.String, false}, {"a", variables.Number, true}, {"f", variables.Secret, false}, {"f", variables.Boolean, true}} {
		_, err := n.Variables.Change(t.Context(), c.key, variables.Draft{Type: &c.to})
		if (fault.KindOf(err) == fault.Invalid) != c.wrong || !c.wrong && err != nil {
			t.Errorf("%s as %s: %v", c.key, c.to, err)
		}
	}
	if v, err := n.Variables.Open(t.Context(), "f"); err != nil || v.Value != "true" {
		t.Errorf("the secret that was readable before is %q, %v", v.Value, err)
	}
}
