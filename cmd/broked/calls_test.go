package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// border is between two servers and counts what goes over it.
type border struct {
	*httptest.Server

	mu      sync.Mutex
	answers map[string]int // by method, path and status
	now     map[string]int // under way, by the sort of sign-in
	most    map[string]int
}

func newBorder(t *testing.T, to string) *border {
	t.Helper()
	target, err := url.Parse(to)
	must(t, err)
	b := &border{answers: map[string]int{}, now: map[string]int{}, most: map[string]int{}}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(res *http.Response) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.answers[fmt.Sprintf("%s %s %d", res.Request.Method, res.Request.URL.Path, res.StatusCode)]++
			return nil
		},
	}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		door := "others"
		if strings.HasPrefix(r.URL.Path, "/api/users") || strings.HasPrefix(r.URL.Path, "/api/request") {
			door = "service"
		}
		b.mu.Lock()
		b.now[door]++
		b.most[door] = max(b.most[door], b.now[door])
		b.mu.Unlock()
		proxy.ServeHTTP(w, r)
		b.mu.Lock()
		b.now[door]--
		b.mu.Unlock()
	}))
	t.Cleanup(b.Close)
	return b
}

// count returns how many answers there were that begin and end so.
func (b *border) count(prefix, suffix string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for answer, times := range b.answers {
		if strings.HasPrefix(answer, prefix) && strings.HasSuffix(answer, suffix) {
			n += times
		}
	}
	return n
}

// source is a server that others read from, with its administrator's token.
type source struct {
	*server

	token string
}

func newSource(t *testing.T) *source {
	t.Helper()
	s := &source{server: serve(t, t.TempDir(), "--limit", "write=20/s:3", "--limit", "list=20/s:3")}
	s.call("POST", "/api/auth/users", `{"username":"root","password":"correct-horse","role":"superadmin"}`, 201, nil)
	s.token = s.signIn("root", "correct-horse")
	return s
}

// admin makes a request as the administrator.
func (s *source) admin(method, path, body string, want int, into any) {
	s.t.Helper()
	status, text := s.by("Authorization", "Bearer "+s.token, method, path, body)
	if status != want {
		s.t.Fatalf("%s %s answers %d, want %d: %s", method, path, status, want, text)
	}
	if into != nil {
		must(s.t, json.Unmarshal([]byte(text), into))
	}
}

// service makes a service account and returns its id and its key.
func (s *source) service(name string, permissions ...string) (id, key string) {
	s.t.Helper()
	text, err := json.Marshal(map[string]any{"service_name": name, "permissions": permissions})
	must(s.t, err)
	var made struct{ ID, Token string }
	s.admin("POST", "/api/services", string(text), 201, &made)
	return made.ID, made.Token
}

// keysOf reads rows of JSON and returns the values of a member, in order.
func keysOf(t *testing.T, path, member string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	var all []map[string]any
	must(t, json.Unmarshal(text, &all))
	keys := make([]string, len(all))
	for i, row := range all {
		keys[i] = fmt.Sprint(row[member])
	}
	slices.Sort(keys)
	return keys
}

// TestOneServerReadsAndWritesAnotherThroughEveryDoor has pipelines of one server call
// another one in every way in which that lets itself be called, while its limits bite.
func TestOneServerReadsAndWritesAnotherThroughEveryDoor(t *testing.T) {
	t.Parallel()
	a := newSource(t)
	want := map[string][]string{"users": {"root"}}
	for i := range 6 {
		name := fmt.Sprintf("person-%d", i)
		a.admin("POST", "/api/auth/users", `{"username":"`+name+`","password":"correct-horse","role":"viewer"}`, 201, nil)
		want["users"] = append(want["users"], name)
	}
	for i := range 23 {
		name := fmt.Sprintf("pipeline-%02d", i)
		a.admin("POST", "/api/pipelines", `{"name":"`+name+`","nodes":[{"id":"in","type":"source_file","config":{"path":"nothing-`+name+`.csv"}}]}`, 201, nil)
		want["pipelines"] = append(want["pipelines"], name)
		if i < 3 {
			var r runState
			a.admin("POST", "/api/pipelines/"+name+"/run", "", 202, &r)
			want["runs"] = append(want["runs"], r.ID)
		}
	}
	for i := range 25 {
		email := fmt.Sprintf("lead-%02d@example.com", i)
		a.admin("POST", "/v2/leads", `{"email":"`+email+`","status":"new"}`, 201, nil)
		want["contacts"] = append(want["contacts"], email)
	}
	a.until(func() bool {
		var issues []map[string]any
		a.admin("GET", "/api/issues", "", 200, &issues)
		return len(issues) == 3
	})
	want["issues"] = []string{"pipeline-00", "pipeline-01", "pipeline-02"}

	_, service := a.service("monitor", "users.view", "system.view", "issues.view")
	client, secret := a.service("warehouse", "pipelines.view", "runs.view")
	_, intake := a.service("intake", "contacts.view", "contacts.create", "contacts.edit")
	between := newBorder(t, a.url)
	dir := t.TempDir()
	b := serve(t, dir, "--outbound-loopback", "all", "--local-runs", "3")
	b.connect("plant", between.URL, "", service, `{"auth":"service","max_concurrency":1,"test_path":"/api/auth/me"}`)
	b.connect("warehouse", between.URL+"/api/v1", client, secret, `{"auth":"oauth2","token_url":"auth/token","scope":"read","max_concurrency":2,"test_path":"auth/me"}`)
	b.connect("people", between.URL+"/v2", "", intake, `{"auth":"token","max_concurrency":4,"test_path":"leads?limit=1"}`)

	paged := `"records":"items","pagination":{"strategy":"cursor","end_flag":"!has_next","cursor_path":"cursor","cursor_param":"after","limit_param":"limit","page_size":4}`
	reads := map[string]struct{ settings, key string }{
		"users":     {`"conn_id":"plant","url":"/api/users"`, "username"},
		"issues":    {`"conn_id":"plant","url":"/api/request","params":{"request":"{\"RequestName\":\"RequestIssues\"}"},"records":"Result"`, "pipeline_name"},
		"nodes":     {`"conn_id":"plant","url":"/api/request","params":{"request":"{\"RequestName\":\"RequestNodesInfo\"}"},"records":"Result"`, "State"},
		"pipelines": {`"conn_id":"warehouse","url":"/pipelines",` + paged, "name"},
		"runs":      {`"conn_id":"warehouse","url":"/runs",` + paged, "id"},
		"contacts":  {`"conn_id":"people","url":"/leads","params":{"order":"oldest"},` + paged, "email"},
	}
	want["nodes"] = []string{"online"}
	hush := a.crowd(service)
	var going []string
	for name, r := range reads {
		b.call("POST", "/api/pipelines", `{"name":"`+name+`","nodes":[{"id":"in","type":"source_api","config":{`+r.settings+`}},
			{"id":"out","type":"sink_file","config":{"path":"`+name+`-${run.id}.json"}}],"edges":[{"from":"in","to":"out"}]}`, 201, nil)
	}
	for range 3 {
		for name := range reads {
			going = append(going, name+" "+b.again(name).ID)
		}
	}
	for _, one := range going {
		name, id, _ := strings.Cut(one, " ")
		b.follow(id)
		if r := b.run(id); r.Status != "success" {
			t.Fatalf("%s: %+v", name, r)
		}
		got := keysOf(t, filepath.Join(dir, name+"-"+id+".json"), reads[name].key)
		if slices.Sort(want[name]); !slices.Equal(got, want[name]) {
			t.Errorf("%s: read %q, want %q", name, got, want[name])
		}
	}
	hush()
	if between.most["service"] != 1 {
		t.Errorf("%d requests of the service at once", between.most["service"])
	}
	if n := between.count("POST /api/auth/service", "200"); n != 1 {
		t.Errorf("%d sessions were opened", n)
	}
	if n := between.count("POST /api/v1/auth/token", "200"); n != 1 {
		t.Errorf("%d access tokens were got", n)
	}
	if between.count("GET ", "429") == 0 {
		t.Error("no limit has bitten")
	}
	a.takesContacts(b, between, dir)
}

// connect makes a connection, and sees that its test succeeds.
func (s *server) connect(name, host, login, password, options string) {
	s.t.Helper()
	s.call("POST", "/api/connections", fmt.Sprintf(`{"conn_id":%q,"type":"http","host":%q,"login":%q,"password":%q,"options":%s}`, name, host, login, password, options), 201, nil)
	if said := s.call("POST", "/api/connections/"+name+"/test", "", 200, nil); !strings.Contains(said, `"success":true`) {
		s.t.Fatalf("the test of %s says %s", name, said)
	}
}

// crowd has another program use the same service all the time, in a session of its own,
// until the function that it returns is called.
func (s *source) crowd(key string) (hush func()) {
	s.t.Helper()
	var session struct {
		Text string `json:"session_token"`
	}
	status, text := s.by("Authorization", "Bearer "+key, "POST", "/api/auth/service", "")
	if status != http.StatusOK {
		s.t.Fatal(text)
	}
	must(s.t, json.Unmarshal([]byte(text), &session))
	done, ended := make(chan struct{}), make(chan struct{})
	often := time.NewTicker(100 * time.Millisecond)
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-often.C:
			}
			_ = s.as(session.Text, "/api/users") // often 429
		}
	}()
	return func() {
		often.Stop()
		close(done)
		<-ended
	}
}

// takesContacts has b write contacts, of which a has some, one in each request.
func (s *source) takesContacts(b *server, between *border, dir string) {
	t := s.t
	var csv strings.Builder
	csv.WriteString("email,status\n")
	var emails []string
	for i := range 40 { // of which 25 are there
		emails = append(emails, fmt.Sprintf("lead-%02d@example.com", i))
		fmt.Fprintf(&csv, "Lead-%02d@example.com,called\n", i)
	}
	must(t, os.WriteFile(filepath.Join(dir, "leads.csv"), []byte(csv.String()), 0o600))
	b.call("POST", "/api/pipelines", `{"name":"write","nodes":[{"id":"in","type":"source_file","config":{"path":"leads.csv"}},
		{"id":"out","type":"sink_api","config":{"conn_id":"people","url":"leads","batch_size":1,"body_template":"{{row}}","max_concurrency":4}}],"edges":[{"from":"in","to":"out"}]}`, 201, nil)
	id := b.again("write").ID
	b.follow(id)
	if r := b.run(id); r.Status != "success" {
		t.Fatalf("write: %+v", r)
	}
	made, changed, refused := between.count("POST /v2/leads", "201"), between.count("POST /v2/leads", "204"), between.count("POST /v2/leads", "429")
	if made != 15 || changed != 25 || refused == 0 {
		t.Errorf("%d were made, %d changed and %d refused", made, changed, refused)
	}
	var all []struct{ Email, Status string }
	s.admin("GET", "/v2/leads", "", 200, &all)
	var got []string
	for _, one := range all {
		if got = append(got, strings.ToLower(one.Email)); one.Status != "called" {
			t.Errorf("%s is %s", one.Email, one.Status)
		}
	}
	if slices.Sort(got); !slices.Equal(got, emails) {
		t.Errorf("there are %q", got)
	}
}
