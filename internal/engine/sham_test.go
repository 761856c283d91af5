package engine_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"
)

// shamHost is what the server of a golden case is called in its document.
const shamHost = "https://api.example.com"

// sham is a server that answers what the files of a golden case say. One that begins
// with HTTP/ is a whole answer with its status and its headers. Several of one name
// are answered one after another, the last for ever.
type sham struct {
	t       *testing.T
	answers []txtar.File
	url     string
	mu      sync.Mutex
	asked   []string
	times   map[string]int
}

func (s *sham) start() string {
	s.times = map[string]int{}
	server := httptest.NewServer(s)
	s.t.Cleanup(server.Close)
	s.url = server.URL
	return s.url
}

// ServeHTTP implements http.Handler.
func (s *sham) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.Method + " " + r.URL.RequestURI()
	body, _ := io.ReadAll(r.Body)
	text := s.answer(name, r.Header, body)
	if text == nil {
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return
	}
	if !bytes.HasPrefix(text, []byte("HTTP/")) {
		w.Header().Set("Content-Type", map[string]string{".csv": "text/csv", ".tsv": "text/tab-separated-values", ".ndjson": "application/x-ndjson"}[path.Ext(r.URL.Path)])
		_, _ = w.Write(text)
		return
	}
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), r)
	if err != nil {
		s.t.Errorf("%s: %v", name, err)
		return
	}
	defer res.Body.Close()
	maps.Copy(w.Header(), res.Header)
	w.WriteHeader(res.StatusCode)
	_, _ = io.Copy(w, res.Body)
}

// answer notes a request and returns what is answered, or nil.
func (s *sham) answer(name string, header http.Header, body []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var line strings.Builder
	line.WriteString(name + "\n")
	for _, key := range slices.Sorted(maps.Keys(header)) {
		if !slices.Contains([]string{"Accept", "Accept-Encoding", "Content-Length", "User-Agent"}, key) {
			fmt.Fprintf(&line, "  %s: %s\n", key, strings.Join(header[key], ", "))
		}
	}
	for l := range strings.Lines(string(body)) {
		line.WriteString("  " + strings.TrimRight(l, "\n") + "\n")
	}
	s.asked = append(s.asked, line.String())
	var all [][]byte
	for _, f := range s.answers {
		if f.Name == name {
			all = append(all, bytes.ReplaceAll(f.Data, []byte(shamHost), []byte(s.url)))
		}
	}
	s.times[name]++
	if len(all) == 0 {
		return nil
	}
	return all[min(s.times[name], len(all))-1]
}
