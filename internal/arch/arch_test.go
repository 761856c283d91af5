// Package arch checks the house plan: what may import what.
package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/broked/broked/"

// floors lists every package from the ground up. A package imports packages of
// lower floors only; two packages of one floor do not know each other.
var floors = [][]string{
	{"internal/batch", "internal/connection", "internal/fault", "internal/id", "internal/jsonwalk", "internal/limits", "internal/news", "internal/private", "internal/sqltext", "internal/weblink", "migrations", "web", "examples"},
	{"internal/databases", "internal/expr", "internal/files", "internal/outbound", "internal/postgres", "internal/schedules", "internal/script", "internal/strictjson", "internal/sealed", "internal/xlsx", "internal/xmltable"},
	{"internal/databases/contract", "internal/databases/driven", "internal/databases/rest", "internal/google", "internal/pushdown"},
	{"internal/node", "internal/auth", "internal/calls", "internal/message", "internal/databases/bigquery", "internal/databases/clickhouse", "internal/databases/mssql", "internal/databases/mysql", "internal/databases/oracle", "internal/databases/postgres", "internal/databases/snowflake", "internal/databases/sqlite", "internal/remote", "internal/remote/remotetest"},
	{"internal/pipelines", "internal/contacts", "internal/job", "internal/plugins", "internal/workspaces", "internal/databases/servers", "internal/databases/mysql/mysqltest"},
	{"internal/connections", "internal/lineage", "internal/runs", "internal/trials", "internal/variables"},
	{"internal/console", "internal/hooks", "internal/issues", "internal/names", "internal/retention", "internal/triggers"},
	{"internal/artifacts", "internal/nodes"},
	{"internal/store", "internal/queue", "internal/executor", "internal/engine"},
	{"internal/store/storetest"},
	{"internal/api"},
	{"cmd/broked", "bench"},
}

// owners says which packages alone may import something from outside.
var owners = map[string][]string{
	"database/sql":                   {"internal/store", "internal/store/storetest", "internal/queue", "internal/postgres", "internal/engine", "internal/databases/driven", "internal/databases/clickhouse", "internal/databases/mssql", "internal/databases/mysql", "internal/databases/oracle", "bench"},
	"net/http":                       {"internal/api", "internal/calls", "internal/connections", "internal/contacts", "internal/databases/bigquery", "internal/databases/rest", "internal/databases/snowflake", "internal/google", "internal/hooks", "internal/nodes", "internal/outbound", "internal/remote", "internal/remote/remotetest", "cmd/broked", "bench"},
	"os/exec":                        {"internal/executor", "internal/remote/remotetest", "internal/script", "internal/store/storetest", "internal/databases/mysql/mysqltest", "bench"},
	"github.com/minio/minio-go/v7":   {"internal/artifacts", "internal/remote"},
	"github.com/pkg/sftp":            {"internal/remote"},
	"github.com/go-chi/chi/v5":       {"internal/api"},
	"github.com/riverqueue/river":    {"internal/queue"},
	"github.com/jackc/pgx/v5":        {"internal/postgres", "internal/queue", "internal/databases/postgres"},
	"github.com/jackc/pgx/v5/pgconn": {"internal/postgres", "internal/databases/postgres"},
	"github.com/jackc/pgx/v5/stdlib": {"internal/postgres"},
	"github.com/go-sql-driver/mysql": {"internal/databases/mysql"},

	"github.com/ClickHouse/clickhouse-go/v2": {"internal/databases/clickhouse"},
	"github.com/microsoft/go-mssqldb":        {"internal/databases/mssql"},
	"github.com/microsoft/go-mssqldb/msdsn":  {"internal/databases/mssql"},
	"github.com/sijms/go-ora/v2":             {"internal/databases/oracle"},
	"github.com/sijms/go-ora/v2/network":     {"internal/databases/oracle"},

	"modernc.org/sqlite":             {"internal/store", "internal/databases/sqlite", "bench"},
	"modernc.org/sqlite/lib":         {"internal/store", "internal/databases/sqlite"},
	"github.com/duckdb/duckdb-go/v2": {"internal/engine", "bench"},
}

// never lists downward imports that are still wrong, and why.
var never = map[string]string{
	"internal/api internal/store":    "the API speaks to services",
	"internal/api internal/queue":    "the API triggers runs and does not execute them",
	"internal/api internal/executor": "the API triggers runs and does not execute them",
	"internal/api internal/engine":   "the data plane lives in another process",
	"internal/engine internal/nodes": "the engine is handed a registry and knows no kind",
}

func TestArrowsPointDown(t *testing.T) {
	t.Parallel()
	for pkg, imports := range graph(t) {
		here := floor(pkg)
		if here < 0 {
			t.Errorf("%s has no floor: give it one in the house plan", pkg)
			continue
		}
		for _, imp := range imports {
			in, ours := strings.CutPrefix(imp, module)
			if ours && floor(in) >= here {
				t.Errorf("%s (floor %d) imports %s (floor %d)", pkg, here, in, floor(in))
			}
			if why, no := never[pkg+" "+in]; no {
				t.Errorf("%s imports %s: %s", pkg, in, why)
			}
			if who, owned := owners[imp]; owned && !slices.Contains(who, pkg) {
				t.Errorf("%s imports %s, which is for %v", pkg, imp, who)
			}
		}
	}
}

func floor(pkg string) int {
	return slices.IndexFunc(floors, func(f []string) bool { return slices.Contains(f, pkg) })
}

// graph returns the imports of every package of the module, tests left out.
// It reads the files itself, so that the test cache sees them change.
func graph(t *testing.T) map[string][]string {
	t.Helper()
	imports := make(map[string]map[string]bool)
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && name != "."):
			return fs.SkipDir
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || path.Dir(name) == "internal/arch":
			return nil
		}
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := path.Dir(name)
		if imports[pkg] == nil {
			imports[pkg] = make(map[string]bool)
		}
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			imports[pkg][imp] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	g := make(map[string][]string, len(imports))
	for pkg, set := range imports {
		g[pkg] = slices.Sorted(maps.Keys(set))
	}
	return g
}
