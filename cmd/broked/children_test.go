package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// tallies makes a pipeline whose runs each write a file that is called after their
// parameter, and fail where there is no file IN/k.csv.
func (s *server) tallies(dir string, numbers int) {
	s.t.Helper()
	for k := range numbers {
		rows(s.t, dir, fmt.Sprintf("in/%d.csv", k), k+1)
	}
	s.call("POST", "/api/pipelines", `{"name":"tally","ir_version":"2.2","params":{"k":"none"},"nodes":[
		{"id":"in","type":"source_file","name":"","config":{"path":"in/${param.k}.csv"}},
		{"id":"some","type":"filter","name":"","config":{"condition":"id >= 0","keep":false}},
		{"id":"out","type":"sink_file","name":"","config":{"path":"out/${run.id}.csv"}}],
		"edges":[{"from":"in","to":"some"},{"from":"some","to":"out"}]}`, 201, nil)
}

// keys writes a file with a column k that counts to n.
func keys(t *testing.T, dir string, n int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("k\n")
	for k := range n {
		fmt.Fprintln(&b, k)
	}
	must(t, os.MkdirAll(filepath.Join(dir, "in"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "keys.csv"), []byte(b.String()), 0o600))
}

// each makes a pipeline that maps the keys, with more settings, and starts it.
func (s *server) each(settings string) runState {
	s.t.Helper()
	s.call("POST", "/api/pipelines", `{"name":"each","ir_version":"2.2","nodes":[
		{"id":"keys","type":"source_file","name":"","config":{"path":"keys.csv"}},
		{"id":"each","type":"map","name":"","config":{"pipeline":"tally","params":{"k":"{k}"}`+settings+`}},
		{"id":"good","type":"filter","name":"","config":{"condition":"status = 'success'"}},
		{"id":"out","type":"sink_file","name":"","config":{"path":"each.csv"}}],
		"edges":[{"from":"keys","to":"each"},{"from":"each","to":"good"},{"from":"good","to":"out"}]}`, 201, nil)
	return s.again("each")
}

type child struct {
	ID      string            `json:"id"`
	Status  string            `json:"status"`
	Parent  string            `json:"parent_run_id"`
	Node    string            `json:"parent_node_id"`
	Row     int               `json:"parent_row"`
	From    string            `json:"resumed_from_run_id"`
	Params  map[string]string `json:"params"`
	Trigger string            `json:"trigger"`
}

func (s *server) children(parent string) []child {
	s.t.Helper()
	var page struct {
		Items []child `json:"items"`
	}
	s.call("GET", "/api/runs?page=1&page_size=100&parent="+parent, "", 200, &page)
	return page.Items
}

// until asks until yes, or until the test has no more time.
func (s *server) until(yes func() bool) {
	s.t.Helper()
	look, timeout := time.NewTicker(20*time.Millisecond), time.After(soon)
	defer look.Stop()
	for !yes() {
		select {
		case <-look.C:
		case <-timeout:
			s.t.Fatal("it never came to be")
		}
	}
}

// TestAMapSurvivesItsServer: with one slot and a server that is killed again and again
// every row has its run, once.
func TestAMapSurvivesItsServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const n = 20
	keys(t, dir, n)
	s := serve(t, dir, "--local-runs", "1")
	s.tallies(dir, n)
	r := s.each("")
	for _, after := range []int{1, 4, 9, 15} {
		s.until(func() bool {
			ended := 0
			for _, c := range s.children(r.ID) {
				if c.Status == "success" {
					ended++
				}
			}
			return ended >= after
		})
		orphans := engines(t, s.cmd.Process.Pid)
		s.kill()
		for _, pid := range orphans {
			awaitEnd(t, pid)
		}
		s = serve(t, dir, "--local-runs", "1")
	}
	got := s.ended(r.ID)
	if got.Status != "success" || got.nodes() != "keys success 20, each success 20, good success 20, out success 20" {
		t.Fatalf("%s: %s (%s)", got.Status, got.nodes(), got.Error)
	}
	all := s.children(r.ID)
	seen := make(map[int]bool)
	for _, c := range all {
		if seen[c.Row] || c.Status != "success" || c.Parent != r.ID || c.Node != "each" || c.Params["k"] != itoa(c.Row) || c.Trigger != "pipeline" {
			t.Errorf("%+v", c)
		}
		seen[c.Row] = true
	}
	files, err := filepath.Glob(filepath.Join(dir, "out/*.csv"))
	must(t, err)
	if len(all) != n || len(files) != n {
		t.Errorf("%d runs and %d files, want %d", len(all), len(files), n)
	}
	text, err := os.ReadFile(filepath.Join(dir, "each.csv"))
	must(t, err)
	if lines := strings.Split(string(text), "\n"); lines[0] != "k,run_id,status,error" || len(lines) != n+2 {
		t.Errorf("%s", text)
	}
	for _, c := range all {
		if !strings.Contains(string(text), fmt.Sprintf("\n%d,%s,success,", c.Row, c.ID)) {
			t.Errorf("row %d does not name its run %s", c.Row, c.ID)
		}
	}
	var p struct {
		Columns []string `json:"columns"`
		Rows    []any    `json:"rows"`
	}
	s.call("GET", "/api/runs/"+r.ID+"/nodes/each/preview", "", 200, &p)
	if len(p.Rows) != n || len(p.Columns) != 4 {
		t.Errorf("the preview is %+v", p)
	}
}

// TestAFailedMapIsResumed: what has succeeded is not run again, and what has failed is.
func TestAFailedMapIsResumed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys(t, dir, 4)
	s := serve(t, dir, "--local-runs", "2")
	s.tallies(dir, 4)
	must(t, os.Rename(filepath.Join(dir, "in/2.csv"), filepath.Join(dir, "away.csv")))
	first := s.each(`,"concurrency":1`)
	got := s.ended(first.ID)
	if got.Status != "failed" || got.Code != "child_failed" || !strings.Contains(got.Error, "for row 3,") {
		t.Fatalf("%+v", got)
	}
	before := s.children(first.ID)
	if len(before) != 3 || !strings.Contains(got.Error, before[0].ID) || before[0].Status != "failed" {
		t.Fatalf("%+v", before)
	}
	again := s.ended(s.resume(first.ID, "").ID)
	if again.Status != "failed" || again.Code != "child_failed" {
		t.Fatalf("%+v", again)
	}
	must(t, os.Rename(filepath.Join(dir, "away.csv"), filepath.Join(dir, "in/2.csv")))
	last := s.ended(s.resume(again.ID, "").ID)
	if last.Status != "success" || last.nodes() != "keys restored 4, each success 4, good success 4, out success 4" {
		t.Fatalf("%s: %s (%s)", last.Status, last.nodes(), last.Error)
	}
	after := s.children(last.ID)
	if len(after) != 4 || after[3].ID != before[2].ID || after[2].ID != before[1].ID || after[3].Parent != first.ID {
		t.Errorf("%+v, and before %+v", after, before)
	}
	for _, c := range after[:2] {
		if c.Parent != last.ID || c.Row == 2 && c.From == "" || c.Row == 3 && c.From != "" {
			t.Errorf("%+v", c)
		}
	}
	if files, err := filepath.Glob(filepath.Join(dir, "out/*.csv")); err != nil || len(files) != 4 {
		t.Errorf("%v %v", files, err)
	}
	anew := s.again("each")
	if got := s.ended(anew.ID); got.Status != "success" || len(s.children(anew.ID)) != 4 || s.children(anew.ID)[3].Parent != anew.ID {
		t.Errorf("a new run is no new run: %+v", got)
	}
}

// TestAMapGoesOn: one that fails keeps none of the others from being done.
func TestAMapGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys(t, dir, 3)
	s := serve(t, dir)
	s.tallies(dir, 3)
	must(t, os.Remove(filepath.Join(dir, "in/1.csv")))
	got := s.ended(s.each(`,"on_error":"continue"`).ID)
	if got.Status != "success" || got.nodes() != "keys success 3, each success 3, good success 2, out success 2" {
		t.Fatalf("%s: %s (%s)", got.Status, got.nodes(), got.Error)
	}
	keys(t, dir, 0)
	if got := s.ended(s.again("each").ID); got.Status != "success" || got.nodes() != "keys success 0, each success 0, good success 0, out success 0" {
		t.Errorf("no rows: %s: %s (%s)", got.Status, got.nodes(), got.Error)
	}
}

// TestARunOfASubpipeline: its rows come into the run that has started it, and each
// knows the other.
func TestARunOfASubpipeline(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys(t, dir, 1)
	s := serve(t, dir, "--local-runs", "1")
	s.tallies(dir, 3)
	nodes := func(settings string) string {
		return `"nodes":[{"id":"some","type":"subpipeline","name":"","config":{"pipeline":"tally","params":{"k":"${param.which}"}` + settings + `}},
		{"id":"sort","type":"sort","name":"","config":{"columns":["id"],"ascending":false}},
		{"id":"out","type":"sink_file","name":"","config":{"path":"top.csv"}}],
		"edges":[{"from":"some","to":"sort"},{"from":"sort","to":"out"}]`
	}
	s.call("POST", "/api/pipelines", `{"name":"top","ir_version":"2.2","params":{"which":"2"},`+nodes(`,"outputs":"some"`)+`}`, 201, nil)
	r := s.again("top")
	got := s.ended(r.ID)
	if got.Status != "success" || got.nodes() != "some success 3, sort success 3, out success 3" {
		t.Fatalf("%s: %s (%s)", got.Status, got.nodes(), got.Error)
	}
	text, err := os.ReadFile(filepath.Join(dir, "top.csv"))
	must(t, err)
	if string(text) != "id,amount,country\n2,2.5,US\n1,1.5,FR\n0,0.5,DE\n" {
		t.Errorf("%s", text)
	}
	all := s.children(r.ID)
	if len(all) != 1 || all[0].Parent != r.ID || all[0].Params["k"] != "2" {
		t.Errorf("%+v", all)
	}
	// It is done, and only what follows is done again.
	again := s.call("GET", "/api/runs/"+all[0].ID, "", 200, nil)
	if !strings.Contains(again, `"parent_run_id":"`+r.ID+`"`) {
		t.Errorf("%s", again)
	}
	// A trial has none of its rows, and says what to do.
	if answer := s.call("POST", "/api/pipelines/top/dry-run", "{}", 200, nil); !strings.Contains(answer, "not_in_trial") {
		t.Errorf("%s", answer)
	}
	for settings, want := range map[string]string{
		`,"outputs":"out"`:               "nodes[0].config.outputs",
		`,"outputs":"sone"`:              `did you mean`,
		``:                               "edges[0]",
		`,"outputs":"some","wait":false`: "nodes[0].config.outputs",
	} {
		if answer := s.call("PUT", "/api/pipelines/top", `{`+nodes(settings)+`}`, 400, nil); !strings.Contains(answer, want) {
			t.Errorf("%s: no %q in %s", settings, want, answer)
		}
	}
	if answer := s.call("PUT", "/api/pipelines/tally", `{"nodes":[{"id":"x","type":"subpipeline","name":"","config":{"pipeline":"top"}}],"edges":[]}`, 400, nil); !strings.Contains(answer, "top -> tally") {
		t.Errorf("%s", answer)
	}
	if answer := s.call("POST", "/api/pipelines", `{"name":"q","ir_version":"2.2","nodes":[{"id":"x","type":"subpipeline","name":"","config":{"pipeline":"nix"}}],"edges":[]}`, 400, nil); !strings.Contains(answer, "there is no pipeline nix") {
		t.Errorf("%s", answer)
	}
}

// TestARunThatIsNotWaitedFor goes its own way.
func TestARunThatIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys(t, dir, 1)
	s := serve(t, dir, "--local-runs", "1")
	s.tallies(dir, 1)
	s.call("POST", "/api/pipelines", `{"name":"p","ir_version":"2.2","nodes":[
		{"id":"off","type":"subpipeline","name":"","config":{"pipeline":"tally","wait":false,"params":{"k":"nix"}}}],"edges":[]}`, 201, nil)
	r := s.again("p")
	if got := s.ended(r.ID); got.Status != "success" {
		t.Fatalf("%+v", got)
	}
	all := s.children(r.ID)
	if len(all) != 1 || s.ended(all[0].ID).Status != "failed" {
		t.Errorf("%+v", all)
	}
}

// TestCancelEndsTheFamily: who cancels a run cancels those that it waits for, whatever
// they do, and a run that waits for one which somebody cancels fails.
func TestCancelEndsTheFamily(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys(t, dir, 6)
	rows(t, dir, "big.csv", 300_000)
	s := serve(t, dir, "--local-runs", "2")
	s.call("POST", "/api/pipelines", `{"name":"tally","nodes":[
		{"id":"in","type":"source_file","config":{"path":"big.csv"}},
		{"id":"work","type":"transform","config":{"rules":`+slow+`}},
		{"id":"out","type":"sink_file","config":{"path":"${param.k}.csv"}}],"edges":[{"from":"in","to":"work"},{"from":"work","to":"out"}]}`, 201, nil)
	s.call("POST", "/api/pipelines", `{"name":"between","params":{"k":"x"},"nodes":[{"id":"sub","type":"subpipeline","config":{"pipeline":"tally","params":{"k":"${param.k}"}}}],"edges":[]}`, 201, nil)
	s.call("POST", "/api/pipelines", `{"name":"each","nodes":[
		{"id":"keys","type":"source_file","config":{"path":"keys.csv"}},
		{"id":"each","type":"map","config":{"pipeline":"between","params":{"k":"{k}"},"concurrency":3}}],"edges":[{"from":"keys","to":"each"}]}`, 201, nil)
	r := s.again("each")
	var below []child
	s.until(func() bool {
		below = s.children(r.ID)
		for _, c := range below {
			for _, g := range s.children(c.ID) {
				if g.Status == "running" {
					return true
				}
			}
		}
		return false
	})
	s.call("POST", "/api/runs/"+r.ID+"/cancel", "{}", 200, nil)
	if got := s.ended(r.ID); got.Status != "cancelled" {
		t.Fatalf("%+v", got)
	}
	for _, c := range s.children(r.ID) {
		if got := s.ended(c.ID); got.Status != "cancelled" {
			t.Errorf("%+v", got)
		}
		for _, g := range s.children(c.ID) {
			if got := s.ended(g.ID); got.Status != "cancelled" {
				t.Errorf("%+v", got)
			}
		}
	}
	if n := len(s.children(r.ID)); n != 3 {
		t.Errorf("%d runs have been started, want 3", n)
	}
	one := s.again("between")
	s.until(func() bool { return len(s.children(one.ID)) > 0 })
	s.call("POST", "/api/runs/"+s.children(one.ID)[0].ID+"/cancel", "{}", 200, nil)
	if got := s.ended(one.ID); got.Status != "failed" || got.Code != "child_cancelled" {
		t.Errorf("%+v", got)
	}
}

// TestRunsAreNotNestedForEver: a parameter hides the circle from whoever saves it.
func TestRunsAreNotNestedForEver(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir(), "--local-runs", "1")
	s.call("POST", "/api/pipelines", `{"name":"p","ir_version":"2.2","params":{"next":"p"},"nodes":[
		{"id":"x","type":"subpipeline","name":"","config":{"pipeline":"${param.next}"}}],"edges":[]}`, 201, nil)
	r := s.again("p")
	if got := s.ended(r.ID); got.Status != "failed" || got.Code != "child_failed" {
		t.Fatalf("%+v", got)
	}
	depth := 0
	for at := r.ID; ; depth++ {
		below := s.children(at)
		if len(below) == 0 {
			if got := s.ended(at); got.Code != "nested_too_deep" {
				t.Errorf("%+v", got)
			}
			break
		}
		at = below[0].ID
	}
	if depth != 8 {
		t.Errorf("%d runs are nested, want 8", depth)
	}
}

// TestAtMostSoManyRunsAtOnce counts them where they meet.
func TestAtMostSoManyRunsAtOnce(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int64
	both := make(chan struct{})
	met := sync.OnceFunc(func() { close(both) })
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for {
			m := most.Load()
			if n <= m || most.CompareAndSwap(m, n) {
				break
			}
		}
		if n == 2 {
			met()
		}
		<-both
		fmt.Fprint(w, `[{"a":1}]`)
	}))
	t.Cleanup(site.Close)
	at, err := url.Parse(site.URL)
	must(t, err)
	dir := t.TempDir()
	keys(t, dir, 6)
	s := serve(t, dir, "--local-runs", "4", "--outbound-loopback", at.Port())
	s.call("POST", "/api/pipelines", `{"name":"tally","nodes":[{"id":"in","type":"source_api","config":{"url":"`+site.URL+`/x"}}],"edges":[]}`, 201, nil)
	if got := s.ended(s.each(`,"concurrency":2`).ID); got.Status != "success" {
		t.Fatalf("%+v", got)
	}
	if most.Load() != 2 {
		t.Errorf("%d at once, want 2", most.Load())
	}
}

func TestOtherPipelinesNeedAServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "w.yaml"), []byte(`version: "1"
name: w
nodes:
  - {id: sub, type: subpipeline, config: {pipeline: other}}
edges: []
`), 0o600))
	out, err := program(t.Context(), dir, "run", "w.yaml").CombinedOutput()
	if exitStatus(err) != exitUsage || !strings.Contains(string(out), "runs another pipeline, and only a server can do that") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := program(t.Context(), dir, "run", "--dry-run", "w.yaml").CombinedOutput(); err != nil || !strings.Contains(string(out), `the pipeline "other" would run here`) {
		t.Errorf("%v: %s", err, out)
	}
}
