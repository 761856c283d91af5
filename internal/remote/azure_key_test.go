package remote

import (
	"net/http"
	"testing"
)

// TestSharedKey: what Microsoft's own library signs these requests with.
func TestSharedKey(t *testing.T) {
	t.Parallel()
	for address, tc := range map[string]struct{ ranged, want string }{
		"https://account.blob.core.windows.net/rows/in%2F%C3%A4%20b%252F.csv":                 {"bytes=5-", "E0UUQZpsGIX7wROAJIP4DD6ITK/2gih+mYFhVmu+O7U="},
		"https://account.blob.core.windows.net/rows?comp=list&prefix=in%2F&restype=container": {"", "QKlnpVyhHQWRcwdPlZxn9ebPAg0xfSWtJm4ZrIrz6hI="},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Ms-Version", "2025-11-05")
		req.Header.Set("X-Ms-Date", "Sun, 22 Nov 2026 17:07:35 GMT")
		if tc.ranged != "" {
			req.Header.Set("X-Ms-Range", tc.ranged)
		}
		if got := sharedKey(req, "account", []byte("secret-key")); got != tc.want {
			t.Errorf("%s: %s", address, got)
		}
	}
}
