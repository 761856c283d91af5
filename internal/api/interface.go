package api

import (
	"errors"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// pageCSP lets the interface's pages load what this server serves and nothing
// else. Styles may be inline, because the component kit sets sizes that way;
// scripts may not.
const pageCSP = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"

const noInterface = `<!doctype html><meta charset="utf-8"><title>broked</title>
<p>This server was built without its interface. Build it with <code>make build</code>, or use the
API: <a href="/api/openapi.json">/api/openapi.json</a>.</p>
`

// interfaceOr404 serves the built interface: its files where they are, its page
// for every other path that people may open, and JSON for unknown API paths.
func interfaceOr404(files fs.FS) http.HandlerFunc {
	served := http.FileServerFS(files)
	page, err := fs.ReadFile(files, "index.html")
	if errors.Is(err, fs.ErrNotExist) {
		page = []byte(noInterface)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		switch {
		case isAPI(r.URL.Path):
			writeProblem(w, r, http.StatusNotFound, "not_found", "there is nothing at "+r.URL.Path)
			return
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			writeProblem(w, r, http.StatusMethodNotAllowed, "method_not_allowed", r.Method+" is not a method of this path")
			return
		}
		w.Header().Set("Content-Security-Policy", pageCSP)
		if info, err := fs.Stat(files, name); err == nil && !info.IsDir() && name != "index.html" {
			if strings.HasPrefix(name, "assets/") {
				w.Header().Set("Cache-Control", "public, max-age=31536000, immutable") // names carry a hash
			}
			served.ServeHTTP(w, r)
			return
		}
		if strings.HasPrefix(name, "assets/") {
			http.NotFound(w, r) // or a browser takes the page for a script
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(page)
	}
}
