package remote_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/remote"
	"github.com/broked/broked/internal/remote/remotetest"
)

var exit = outbound.Exit{Policy: outbound.Policy{Allow: outbound.Loopback()}}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sorts are connections to empty places of every sort.
var sorts = map[string]func(t *testing.T) connection.Connection{
	"s3": remotetest.S3,
	"gcs by HMAC": func(t *testing.T) connection.Connection {
		t.Helper()
		c := remotetest.S3(t)
		c.Type = connection.GCS
		return c
	},
	"gcs by service account": google,
	"azure":                  remotetest.Azure,
	"sftp": func(t *testing.T) connection.Connection {
		t.Helper()
		c, _ := remotetest.SFTP(t)
		return c
	},
}

// google is a store that takes tokens, which a server gives for a key.
func google(t *testing.T) connection.Connection {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	inner := remotetest.Fake(t)
	var server *httptest.Server
	server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			claims := jwt.MapClaims{}
			_, err := jwt.ParseWithClaims(r.FormValue("assertion"), claims, func(*jwt.Token) (any, error) { return &key.PublicKey, nil }, jwt.WithValidMethods([]string{"RS256"}), jwt.WithAudience(server.URL+"/token"))
			if err != nil || claims["iss"] != "robot@example.com" {
				http.Error(w, "{}", http.StatusBadRequest)
				return
			}
			_, _ = io.WriteString(w, `{"access_token": "a-token", "expires_in": 3600}`)
			return
		}
		if r.Header.Get("Authorization") != "Bearer a-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "robot@example.com", "private_key_id": "1", "token_uri": server.URL + "/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	must(t, err)
	return connection.Connection{
		Name: "google", Type: connection.GCS, Host: server.URL, Schema: remotetest.Bucket, Password: string(file),
		Options: map[string]any{"auth": "service_account", "ca_certificate": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))},
	}
}

func open(t *testing.T, c connection.Connection) *remote.Place {
	t.Helper()
	p, err := remote.Open(c, exit)
	must(t, err)
	t.Cleanup(p.Close)
	return p
}

func held(context.Context) error { return nil }

// put stores text, and fails the test when that fails.
func put(t *testing.T, p *remote.Place, name, text string) {
	t.Helper()
	must(t, store(t, p, name, text, held))
}

func store(t *testing.T, p *remote.Place, name, text string, held func(context.Context) error) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x")
	must(t, os.WriteFile(file, []byte(text), 0o600))
	return p.Store(t.Context(), name, file, held)
}

func fetch(t *testing.T, p *remote.Place, name string) string {
	t.Helper()
	found, err := p.Find(t.Context(), name)
	must(t, err)
	var text bytes.Buffer
	for _, f := range found {
		must(t, p.Fetch(t.Context(), f, &text))
	}
	return text.String()
}

func list(t *testing.T, p *remote.Place, pattern string) string {
	t.Helper()
	found, err := p.Look(t.Context(), pattern)
	must(t, err)
	var names []string
	for _, f := range found {
		names = append(names, f.Name)
	}
	return strings.Join(names, " ")
}

// large has several parts, none of which is like another.
func large() string {
	var text strings.Builder
	for i := 0; text.Len() < 40<<20; i++ {
		fmt.Fprintf(&text, "line %d of a file that is sent in parts\n", i)
	}
	return text.String()
}

func TestEverySortOfPlace(t *testing.T) {
	t.Parallel()
	for name, sort := range sorts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open(t, sort(t))
			said, err := p.Try(t.Context())
			if err != nil || said == "" {
				t.Fatal(said, err)
			}
			names := []string{"in/a.csv", "in/b.csv", "in/deep/er/c.csv", "in/%2e%2e%2fd e+ü&#.csv", "in/.hidden.csv", "other.csv"}
			for _, name := range names {
				put(t, p, name, "i\n"+name+"\n")
			}
			for _, name := range names {
				if got := fetch(t, p, name); got != "i\n"+name+"\n" {
					t.Errorf("%s: %q", name, got)
				}
			}
			put(t, p, "in/a.csv", "another")
			put(t, p, "in/empty.txt", "")
			if got := fetch(t, p, "in/a.csv") + fetch(t, p, "in/empty.txt"); got != "another" {
				t.Errorf("what was replaced is %q", got)
			}
			for pattern, want := range map[string]string{
				"in/*.csv":    "in/%2e%2e%2fd e+ü&#.csv in/a.csv in/b.csv",
				"in/**/*.csv": "in/%2e%2e%2fd e+ü&#.csv in/a.csv in/b.csv in/deep/er/c.csv",
				"*":           "other.csv",
				"in/[ab].*":   "in/a.csv in/b.csv",
				"none/*":      "",
				"in/x.csv":    "",
			} {
				if strings.HasPrefix(pattern, "none") && strings.HasPrefix(name, "sftp") {
					continue // there is no such folder, which is said
				}
				if got := list(t, p, pattern); got != want {
					t.Errorf("%s: %s", pattern, got)
				}
			}
			for _, hostile := range []string{"../x", "a/../../x", "in/./x", "a\nb", "a\x00b", "", "in/", strings.Repeat("x", 256)} {
				if err := store(t, p, hostile, "x", held); fault.CodeOf(err) != "bad_path" {
					t.Errorf("%q is stored: %v", hostile, err)
				}
				if _, err := p.Find(t.Context(), hostile); fault.CodeOf(err) != "bad_path" {
					t.Errorf("%q is found: %v", hostile, err)
				}
			}
			_, err = p.Find(t.Context(), "in/*.parquet")
			if fault.CodeOf(err) != "file_not_found" {
				t.Error(err)
			}
		})
	}
}

// TestLargeFilesAreWholeOrNotThere sends a file in parts: it is the same afterwards also when
// the way breaks off, and nothing of it is there when the sender has been overtaken or stopped.
func TestLargeFilesAreWholeOrNotThere(t *testing.T) {
	t.Parallel()
	text := large()
	for name, sort := range sorts {
		if name == "gcs by service account" {
			continue // as by HMAC, and a way that speaks TLS cannot be cut as the others are
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, cut := remotetest.Through(t, sort(t))
			p := open(t, c)
			put(t, p, "x/large.csv", "old")
			overtaken := fault.New(fault.Stale, "overtaken")
			if err := store(t, p, "x/large.csv", text, func(context.Context) error { return overtaken }); !errors.Is(err, overtaken) {
				t.Errorf("overtaken: %v", err)
			}
			stopping, stop := context.WithCancel(t.Context())
			file := filepath.Join(t.TempDir(), "large")
			must(t, os.WriteFile(file, []byte(text), 0o600))
			if err := p.Store(stopping, "x/large.csv", file, func(context.Context) error { stop(); return context.Canceled }); err == nil {
				t.Error("what was stopped has succeeded")
			}
			if got := fetch(t, p, "x/large.csv"); got != "old" {
				t.Errorf("%d bytes are there", len(got))
			}
			put(t, p, "x/large.csv", text)
			for _, after := range []int64{100, 1 << 20, 5 << 20} {
				cut.Break(after)
				if got := fetch(t, open(t, c), "x/large.csv"); got != text {
					t.Errorf("cut after %d bytes: %d bytes are not the %d that were stored", after, len(got), len(text))
				}
			}
			if got := list(t, p, "x/*"); got != "x/large.csv" {
				t.Errorf("there is %s", got)
			}
		})
	}
}

// TestWhatIsSaidOfRefusals: what is wrong is told by its code.
func TestWhatIsSaidOfRefusals(t *testing.T) {
	t.Parallel()
	change := func(how func(*connection.Connection)) func(connection.Connection) connection.Connection {
		return func(c connection.Connection) connection.Connection { how(&c); return c }
	}
	for name, tc := range map[string]struct {
		sorts []string
		how   func(connection.Connection) connection.Connection
		code  string
	}{
		"wrong login":       {[]string{"s3", "gcs by HMAC", "azure", "sftp"}, change(func(c *connection.Connection) { c.Login = "stranger" }), "login_failed"},
		"nobody":            {[]string{"s3", "azure"}, change(func(c *connection.Connection) { c.Login = remotetest.Nobody }), "permission_denied"},
		"bucket missing":    {[]string{"s3", "azure"}, change(func(c *connection.Connection) { c.Schema = "none" }), "bucket_not_found"},
		"folder missing":    {[]string{"sftp"}, change(func(c *connection.Connection) { c.Schema = "none" }), "file_not_found"},
		"nothing listens":   {[]string{"s3", "azure"}, change(func(c *connection.Connection) { c.Host = "http://127.0.0.1:1" }), "connection_failed"},
		"no such host":      {[]string{"s3", "azure", "sftp"}, change(func(c *connection.Connection) { c.Host = "nowhere.invalid" }), "host_not_found"},
		"metadata":          {[]string{"s3", "azure"}, change(func(c *connection.Connection) { c.Host = "http://169.254.169.254" }), "ssrf_blocked"},
		"blocked":           {[]string{"sftp"}, change(func(c *connection.Connection) { c.Host = "169.254.169.254" }), "ssrf_blocked"},
		"no TLS there":      {[]string{"s3", "azure"}, change(func(c *connection.Connection) { c.Host = strings.Replace(c.Host, "http:", "https:", 1) }), "tls_failed"},
		"not trusted":       {[]string{"gcs by service account"}, change(func(c *connection.Connection) { delete(c.Options, "ca_certificate") }), "tls_failed"},
		"another host key":  {[]string{"sftp"}, change(func(c *connection.Connection) { c.Options["host_key"] = "SHA256:" + strings.Repeat("A", 43) }), "host_key_differs"},
		"key of other sort": {[]string{"sftp"}, change(func(c *connection.Connection) { c.Options["host_key"] = otherKey }), "host_key_differs"},
	} {
		for _, sort := range tc.sorts {
			t.Run(name+", "+sort, func(t *testing.T) {
				t.Parallel()
				p := open(t, tc.how(sorts[sort](t)))
				_, err := p.Try(t.Context())
				if fault.CodeOf(err) != tc.code || strings.Contains(err.Error(), remotetest.Secret) {
					t.Errorf("Try: %s: %v", fault.CodeOf(err), err)
				}
				if _, err := p.Find(t.Context(), "x.csv"); fault.CodeOf(err) != tc.code {
					t.Errorf("Find: %s: %v", fault.CodeOf(err), err)
				}
				if err := store(t, p, "x.csv", "x", held); fault.CodeOf(err) != tc.code && name != "folder missing" {
					t.Errorf("Store: %s: %v", fault.CodeOf(err), err)
				}
			})
		}
	}
}

// TestSFTPThatOnlyReads: where nothing may be written, that is said, and where names lead to
// what is no file, nobody waits for it.
func TestSFTPThatOnlyReads(t *testing.T) {
	t.Parallel()
	c, folder := remotetest.SFTP(t, "-R")
	must(t, os.WriteFile(filepath.Join(folder, "a.csv"), []byte("i\n1\n"), 0o600))
	must(t, os.Mkdir(filepath.Join(folder, "dir"), 0o700))
	must(t, syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o600))
	must(t, os.Symlink("..", filepath.Join(folder, "dir", "up")))
	p := open(t, c)
	if err := store(t, p, "b.csv", "x", held); fault.CodeOf(err) != "permission_denied" {
		t.Errorf("%s: %v", fault.CodeOf(err), err)
	}
	if got := list(t, p, "**/*"); got != "a.csv" {
		t.Error(got)
	}
	for _, name := range []string{"dir", "pipe"} {
		if _, err := p.Find(t.Context(), name); fault.CodeOf(err) != "bad_path" {
			t.Errorf("%s: %v", name, err)
		}
	}
	c.Schema = folder
	if got := fetch(t, open(t, c), "a.csv") + fetch(t, open(t, c), folder+"/a.csv"); got != "i\n1\ni\n1\n" {
		t.Error(got)
	}
}

const otherKey = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg="

// TestConnectionsThatCannotBeUsed are refused before anybody is asked.
func TestConnectionsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]connection.Connection{
		"no host key":      {Type: connection.SFTP, Host: "x", Port: 22, Login: "me", Password: "x"},
		"bad host key":     {Type: connection.SFTP, Host: "x", Port: 22, Login: "me", Password: "x", Options: map[string]any{"host_key": "any"}},
		"no secret":        {Type: connection.SFTP, Host: "x", Port: 22, Login: "me", Options: map[string]any{"host_key": otherKey}},
		"bad private key":  {Type: connection.SFTP, Host: "x", Port: 22, Login: "me", Options: map[string]any{"host_key": otherKey, "private_key": "x"}},
		"bad account key":  {Type: connection.AzureBlob, Login: "me", Schema: "x", Password: "not base64"},
		"bad signature":    {Type: connection.AzureBlob, Login: "me", Schema: "x", Password: "x", Options: map[string]any{"auth": "sas"}},
		"bad key file":     {Type: connection.GCS, Schema: "x", Password: "{}", Options: map[string]any{"auth": "service_account"}},
		"bad endpoint":     {Type: connection.S3, Host: "ftp://x", Schema: "x", Login: "me", Password: "x"},
		"bad certificate":  {Type: connection.S3, Schema: "x", Login: "me", Password: "x", Options: map[string]any{"ca_certificate": "x"}},
		"leads to no file": {Type: connection.HTTP, Host: "x"},
	} {
		if _, err := remote.Open(c, exit); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
