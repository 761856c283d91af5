package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// waysOut are the names by which the standard library makes connections.
var waysOut = map[string][]string{
	"net": {
		"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialIP", "DialUnix", "Dialer",
		"DefaultResolver", "LookupHost", "LookupIP", "LookupAddr", "LookupCNAME", "LookupMX", "LookupNS", "LookupSRV", "LookupTXT",
	},
	"net/http":                {"Client", "DefaultClient", "DefaultTransport", "Transport", "Get", "Head", "Post", "PostForm", "ProxyFromEnvironment"},
	"net/rpc":                 {"Dial", "DialHTTP", "DialHTTPPath"},
	"net/smtp":                {"Dial", "SendMail"},
	"crypto/tls":              {"Dial", "DialWithDialer", "Dialer"},
	"golang.org/x/crypto/ssh": {"Dial"},
	// Drivers dial by themselves unless they are made of a configuration with a dialer.
	"github.com/go-sql-driver/mysql":         {"MySQLDriver", "RegisterDial", "RegisterDialContext", "ParseDSN"},
	"github.com/ClickHouse/clickhouse-go/v2": {"Open", "OpenDB", "ParseDSN"},
	"github.com/microsoft/go-mssqldb":        {"NewConnector", "NewAccessTokenConnector", "NewConnectorWithAccessTokenProvider", "NewSecurityTokenConnector", "NewActiveDirectoryTokenConnector", "Driver"},
	"github.com/sijms/go-ora/v2":             {"NewConnection", "GetDefaultDriver"},
	"github.com/jackc/pgx/v5":                {"Connect", "ConnectWithOptions"},
	"github.com/jackc/pgx/v5/pgconn":         {"Connect", "ConnectWithOptions"},
}

// excused are files that make connections of their own, and why.
var excused = map[string]string{
	"cmd/broked/client.go": "asks the server that the person at the command line names",
	"cmd/broked/health.go": "asks the server that the person at the command line names",

	"internal/remote/remotetest/places.go": "leads tests to servers of their own",
}

// TestOneWayOut finds connections that are not made by package outbound, which
// alone looks at the address that is really dialled.
func TestOneWayOut(t *testing.T) {
	t.Parallel()
	found := make(map[string]bool)
	root := os.DirFS("../..")
	for _, top := range []string{"internal", "cmd"} {
		err := fs.WalkDir(root, top, func(name string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || path.Dir(name) == "internal/outbound" {
				return err
			}
			src, err := fs.ReadFile(root, name)
			if err != nil {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
			if err != nil {
				return err
			}
			for _, way := range uses(t, f) {
				found[name] = true
				if excused[name] == "" {
					t.Errorf("%s uses %s: connections are made by package outbound", name, way)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name := range excused {
		if !found[name] {
			t.Errorf("%s is excused and makes no connection", name)
		}
	}
}

// uses returns the ways out that f uses.
func uses(t *testing.T, f *ast.File) []string {
	t.Helper()
	known := make(map[string]string) // by the name in the file
	for _, spec := range f.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if _, out := waysOut[imp]; !out {
			continue
		}
		name := path.Base(imp)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		known[name] = imp
	}
	var all []string
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := s.X.(*ast.Ident); ok && x.Obj == nil && slices.Contains(waysOut[known[x.Name]], s.Sel.Name) {
			all = append(all, x.Name+"."+s.Sel.Name)
		}
		return true
	})
	return all
}

func TestWaysOutAreFound(t *testing.T) {
	t.Parallel()
	f, err := parser.ParseFile(token.NewFileSet(), "x.go", `package x
		import ("net"; web "net/http"; "crypto/tls")
		var a = web.DefaultClient
		func f(net struct{ Dial int }) { _ = net.Dial }
		func g() { net.Listen("", ""); tls.Dial("", "", nil); web.Get("") }`, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(uses(t, f), " "), "web.DefaultClient tls.Dial web.Get"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
