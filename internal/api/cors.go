package api

import (
	"fmt"
	"mime"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// Origins are those of pages from elsewhere, such as https://ops.example.com,
// that may call the API as the person who looks at them.
type Origins []string

// Check returns an error unless each of them is an origin: a scheme, a host and
// maybe a port. All origins at once ("*") are none.
func (o Origins) Check() error {
	for _, origin := range o {
		if err := http.NewCrossOriginProtection().AddTrustedOrigin(origin); err != nil {
			return fmt.Errorf("%q is no origin: write a scheme and a host, such as https://ops.example.com", origin)
		}
	}
	return nil
}

// shared tells browsers which pages from elsewhere may read answers, and answers
// their questions before a request (CORS). It is the API alone that is shared.
func (o Origins) shared(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isAPI(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		h, origin := w.Header(), r.Header.Get("Origin")
		if len(o) > 0 {
			h.Add("Vary", "Origin")
		}
		if slices.Contains(o, origin) {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS")
			h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization, X-Workspace-ID, X-Webhook-Token, Idempotency-Key")
		}
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// guarded refuses what a page from elsewhere makes a browser send, unless it is
// one of these.
func (o Origins) guarded(next http.Handler) http.Handler {
	p := http.NewCrossOriginProtection()
	for _, origin := range o {
		_ = p.AddTrustedOrigin(origin) // Check has said that it is one
	}
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, http.StatusForbidden, "cross_origin", "a page from elsewhere may not do this: open this server's own interface, or name the page's origin in BROKOLI_CORS_ORIGINS")
	}))
	return p.Handler(next)
}

// fromForm reports whether a request is one that any page's form can send, which
// no browser asks about before, and carries nothing that only a program sends.
func fromForm(c huma.Context) bool {
	kind, _, _ := mime.ParseMediaType(c.Header("Content-Type"))
	byHeader := c.Header("Authorization") != "" || c.Header("X-Api-Key") != ""
	return !byHeader && slices.Contains([]string{"text/plain", formType, "multipart/form-data"}, kind)
}
