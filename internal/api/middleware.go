package api

import (
	"context"
	"maps"
	"mime"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/broked/broked/internal/id"
)

type requestKey struct{}

// requestID returns the id that the log and the answer share.
func requestID(ctx context.Context) string {
	s, _ := ctx.Value(requestKey{}).(string)
	return s
}

// onEvery and onAPI are headers that keep browsers from doing more than asked:
// those of every answer, and those of the API.
var (
	onEvery = http.Header{
		"X-Content-Type-Options":       {"nosniff"},
		"X-Frame-Options":              {"DENY"},
		"Referrer-Policy":              {"no-referrer"},
		"Permissions-Policy":           {"camera=(), microphone=(), geolocation=()"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Content-Security-Policy":      {"default-src 'none'; frame-ancestors 'none'"}, // pages have one of their own
	}
	onAPI = http.Header{"Cache-Control": {"no-store"}}
)

// identified gives every request an id and every answer its headers.
func identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rid := id.New()
		h := w.Header()
		h.Set("X-Request-Id", rid)
		maps.Copy(h, onEvery)
		if isAPI(r.URL.Path) {
			maps.Copy(h, onAPI)
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, rid)))
	})
}

// versioned lets every call be made under /api/v1 as well as under /api.
func versioned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, found := strings.CutPrefix(r.URL.Path, "/api/v1/"); found {
			at := *r.URL
			at.Path, at.RawPath = "/api/"+rest, strings.Replace(at.RawPath, "/api/v1/", "/api/", 1)
			r = r.WithContext(r.Context())
			r.URL = &at
		}
		next.ServeHTTP(w, r)
	})
}

func isAPI(path string) bool {
	return path == "/api" || strings.HasPrefix(path, "/.well-known/") || strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/v2/") || path == "/health" || path == "/ready"
}

// plain refuses bodies that are compressed or in another character set than
// UTF-8: no call reads them, and some would be read as something else.
func plain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		encoding := r.Header.Get("Content-Encoding")
		charset := "utf-8"
		if sent := r.Header.Get("Content-Type"); sent != "" {
			_, parameters, err := mime.ParseMediaType(sent)
			if err != nil {
				charset = "unknown"
			} else if named := parameters["charset"]; named != "" {
				charset = strings.ToLower(named)
			}
		}
		if encoding != "" && encoding != "identity" || charset != "utf-8" {
			writeProblem(w, r, http.StatusUnsupportedMediaType, "unsupported_media_type", "the body must be UTF-8 text that is not compressed")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// logged writes one line for each request of the API.
func (s *server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		seen := &observed{ResponseWriter: w}
		next.ServeHTTP(seen, r)
		if !strings.HasPrefix(r.URL.Path, "/api") && !strings.HasPrefix(r.URL.Path, "/v2/") {
			return
		}
		s.Log.InfoContext(r.Context(), "request", "method", r.Method, "path", r.URL.Path, "status", seen.status(),
			"millis", time.Since(began).Milliseconds(), "request_id", requestID(r.Context()))
	})
}

// recovered answers for a handler that panicked.
func (s *server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil || p == http.ErrAbortHandler { //nolint:errorlint // the sentinel itself is what is thrown
				return
			}
			s.Log.ErrorContext(r.Context(), "handler panicked", "panic", p, "stack", string(debug.Stack()), "request_id", requestID(r.Context()))
			if seen, ok := w.(*observed); ok && seen.code == 0 {
				writeProblem(w, r, http.StatusInternalServerError, "internal", "something went wrong on our side")
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// observed notes the status of an answer.
type observed struct {
	http.ResponseWriter
	code int
}

func (o *observed) status() int {
	if o.code == 0 {
		return http.StatusOK
	}
	return o.code
}

// WriteHeader implements http.ResponseWriter.
func (o *observed) WriteHeader(code int) {
	if o.code == 0 {
		o.code = code
	}
	o.ResponseWriter.WriteHeader(code)
}

// Write implements http.ResponseWriter.
func (o *observed) Write(b []byte) (int, error) {
	if o.code == 0 {
		o.code = http.StatusOK
	}
	return o.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }
