package remotetest

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/broked/broked/internal/connection"
)

// Azure returns a connection to a container that speaks as Azure's do, as far as this
// program asks anything of them. It looks at who is calling, and not at signatures.
func Azure(t *testing.T) connection.Connection {
	t.Helper()
	a := &azure{blobs: map[string]blob{}, blocks: map[string][]byte{}}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return connection.Connection{Name: "blobs", Type: connection.AzureBlob, Host: server.URL, Schema: Bucket, Login: Key, Password: Secret}
}

type azure struct {
	mu     sync.Mutex
	blobs  map[string]blob
	blocks map[string][]byte
	writes int
}

type blob struct {
	text []byte
	tag  string
	at   time.Time
}

func azureRefuses(w http.ResponseWriter, status int, code string) {
	w.Header().Set("X-Ms-Error-Code", code)
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", code)
}

// ServeHTTP implements http.Handler.
func (a *azure) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	who, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "SharedKey "), ":")
	name, inside := strings.CutPrefix(r.URL.Path, "/"+Bucket)
	name = strings.TrimPrefix(name, "/")
	switch q := r.URL.Query(); {
	case who == Nobody:
		azureRefuses(w, http.StatusForbidden, "AuthorizationPermissionMismatch")
	case who != Key:
		azureRefuses(w, http.StatusForbidden, "AuthenticationFailed")
	case !inside:
		azureRefuses(w, http.StatusNotFound, "ContainerNotFound")
	case q.Get("comp") == "list":
		a.list(w, q.Get("prefix"), q.Get("marker"))
	case r.Method == http.MethodPut && q.Get("comp") == "block":
		a.blocks[name+" "+q.Get("blockid")], _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodPut && q.Get("comp") == "blocklist":
		a.commit(w, r, name)
	default:
		a.read(w, r, name)
	}
}

// list answers in pages of three.
func (a *azure) list(w http.ResponseWriter, prefix, marker string) {
	type properties struct {
		Size int    `xml:"Content-Length"`
		At   string `xml:"Last-Modified"`
		Tag  string `xml:"Etag"`
	}
	type entry struct {
		Name       string
		Properties properties
	}
	var page struct {
		XMLName xml.Name `xml:"EnumerationResults"`
		Blobs   []entry  `xml:"Blobs>Blob"`
		Next    string   `xml:"NextMarker"`
	}
	for _, name := range slices.Sorted(maps.Keys(a.blobs)) {
		if !strings.HasPrefix(name, prefix) || name <= marker {
			continue
		}
		if len(page.Blobs) == 3 {
			page.Next = page.Blobs[2].Name
			break
		}
		b := a.blobs[name]
		page.Blobs = append(page.Blobs, entry{name, properties{len(b.text), b.at.Format(http.TimeFormat), strings.Trim(b.tag, `"`)}})
	}
	_ = xml.NewEncoder(w).Encode(page)
}

func (a *azure) commit(w http.ResponseWriter, r *http.Request, name string) {
	var list struct {
		Latest []string `xml:"Latest"`
	}
	if err := xml.NewDecoder(r.Body).Decode(&list); err != nil {
		azureRefuses(w, http.StatusBadRequest, "InvalidXmlDocument")
		return
	}
	var text []byte
	for _, id := range list.Latest {
		block, there := a.blocks[name+" "+id]
		if !there {
			azureRefuses(w, http.StatusBadRequest, "InvalidBlockList")
			return
		}
		text = append(text, block...)
	}
	a.writes++
	a.blobs[name] = blob{text, strconv.Quote("0x" + strconv.Itoa(a.writes)), time.Now().UTC()}
	w.WriteHeader(http.StatusCreated)
}

func (a *azure) read(w http.ResponseWriter, r *http.Request, name string) {
	b, there := a.blobs[name]
	if !there {
		azureRefuses(w, http.StatusNotFound, "BlobNotFound")
		return
	}
	if tag := r.Header.Get("If-Match"); tag != "" && tag != b.tag {
		azureRefuses(w, http.StatusPreconditionFailed, "ConditionNotMet")
		return
	}
	w.Header().Set("Etag", b.tag)
	w.Header().Set("Last-Modified", b.at.Format(http.TimeFormat))
	from, status := 0, http.StatusOK
	if text := strings.TrimPrefix(r.Header.Get("Range"), "bytes="); text != "" && r.Method == http.MethodGet {
		first, _, _ := strings.Cut(text, "-")
		from, _ = strconv.Atoi(first)
		status = http.StatusPartialContent
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b.text)-from))
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		_, _ = w.Write(b.text[from:])
	}
}
