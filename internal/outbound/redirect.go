package outbound

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/broked/broked/internal/fault"
)

// harmless are the headers that another server may see.
var harmless = []string{"Accept", "Accept-Encoding", "Accept-Language", "User-Agent"}

// redirects returns the rule for redirects: so many are followed, none leads from
// https to http, and on the way to another server all headers that a caller set
// are dropped, for the rest of the way. A body never goes to another server.
func redirects(most int) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, before []*http.Request) error {
		first, last := before[0], before[len(before)-1]
		next.Header.Del("Referer") // has the query of the page before
		switch {
		case CheckURL(next.URL) != nil:
			return refuse(first, "to an address that cannot be asked for")
		case most == 0:
			return refuse(first, "to %s, which is not followed here: use that address", origin(next.URL))
		case len(before) > most:
			return refuse(first, "more than %d times", most)
		case last.URL.Scheme == "https" && next.URL.Scheme != "https":
			return refuse(first, "to %s, which is not encrypted", origin(next.URL))
		}
		for _, stop := range append(slices.Clone(before[1:]), next) {
			if origin(stop.URL) == origin(first.URL) {
				continue
			}
			if next.Body != nil && next.Body != http.NoBody {
				return refuse(first, "to %s, and would send the body there", origin(next.URL))
			}
			kept := http.Header{}
			for _, name := range harmless {
				if values := next.Header.Values(name); len(values) > 0 {
					kept[name] = values
				}
			}
			next.Header, next.Host = kept, "" //nolint:gosec // only harmless ones are kept
			break
		}
		return nil
	}
}

func refuse(first *http.Request, words string, args ...any) error {
	return fault.New(fault.Denied, "%s redirects %s", first.URL.Hostname(), fmt.Sprintf(words, args...)).With("redirect_refused")
}

// origin returns the scheme, host and port of u.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + canonical(u.Hostname()) + ":" + port
}
