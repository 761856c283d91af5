package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
)

// waitSpec has a run wait for something outside of it.
var waitSpec = node.Spec{
	Kind: "wait", Title: "Wait", Icon: "clock", Category: node.Transform, MinInputs: 0, MaxInputs: 1, Effects: true, Waits: true,
	Summary: "Wait until a file is there, an address answers, some time has passed or another pipeline has succeeded, and then hand the rows on. The run holds no slot meanwhile. A wait may also come before sources, which begin when it is over.",
	Settings: node.Schema{Type: node.TypeObject, Fields: []node.Field{
		{Name: "condition", Required: true, Schema: node.Schema{Type: node.TypeString, Title: "For what", Enum: []string{forFile, forHTTP, forTime, forPipeline}, Help: "file_exists: there is a file. http: an address answers as expected. interval_elapsed: some time has passed since the run began. pipeline: another pipeline has succeeded since the run began."}},
		{Name: "path", Schema: node.Schema{Type: node.TypeString, Title: "File", Format: node.FormatPath, Help: "With file_exists: a file, or a pattern such as in/*.csv of which one file is enough."}},
		{Name: "url", Schema: node.Schema{Type: node.TypeString, Title: "Address", Help: "With http: it is asked with GET. One that does not answer is asked again."}},
		{Name: "expect_status", Schema: node.Schema{Type: node.TypeInteger, Title: "Expected status", Default: http.StatusOK, Min: new(100.0), Max: new(599.0), Help: "With http: the status with which the waiting is over."}},
		{Name: "offset", Schema: node.Schema{Type: node.TypeString, Title: "How long", Help: "With interval_elapsed: the time since the run began, such as 90s, 15m or 1h30m."}},
		{Name: "pipeline_id", Schema: node.Schema{Type: node.TypeString, Format: node.FormatPipeline, Title: "Pipeline", Help: "With pipeline: the slug or id of a pipeline of the same workspace. The newest of its runs that started after this run must have succeeded."}},
		{Name: "poll_interval", Schema: node.Schema{Type: node.TypeString, Title: "Time between looks", Default: "30s", Help: "Such as 5s or 2m; at least 1s."}},
		{Name: "timeout", Schema: node.Schema{Type: node.TypeString, Title: "Wait at most", Default: "6h", Help: "Such as 30m or 48h, from the moment at which the run waits. Then the node has failed."}},
	}},
	New: newWait,
}

// What a wait may be for.
const (
	forFile     = "file_exists"
	forHTTP     = "http"
	forTime     = "interval_elapsed"
	forPipeline = "pipeline"
)

const (
	leastPause  = time.Second
	longestStay = 366 * 24 * time.Hour
	askAtMost   = 10 * time.Second // for an answer of an address
)

type wait struct {
	pace      node.Pace
	Condition string `json:"condition"`
	Path      string `json:"path"`
	URL       string `json:"url"`
	Expect    int    `json:"expect_status"`
	Offset    string `json:"offset"`
	Pipeline  string `json:"pipeline_id"`
	Poll      string `json:"poll_interval"`
	Most      string `json:"timeout"`

	offset  time.Duration
	address *url.URL
}

func newWait(config json.RawMessage) (node.Node, error) {
	w := &wait{Expect: http.StatusOK, Poll: "30s", Most: "6h"}
	if err := json.Unmarshal(config, w); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the wait are not readable")
	}
	var problems []fault.Problem
	check := func(path string, err error) {
		if err != nil {
			problems = append(problems, fault.Problem{Path: path, Message: fault.MessageOf(err)})
		}
	}
	var err error
	w.pace.Every, err = duration(w.Poll, leastPause)
	check("poll_interval", err)
	w.pace.AtMost, err = duration(w.Most, leastPause)
	check("timeout", err)
	check(w.subject())
	for name, given := range map[string]string{"path": w.Path, "url": w.URL, "offset": w.Offset, "pipeline_id": w.Pipeline} {
		if given != "" && name != settingOf[w.Condition] {
			check(name, fault.New(fault.Invalid, "is not for %s: remove it", w.Condition))
		}
	}
	if len(problems) > 0 {
		return nil, fault.Rejected("the wait cannot be made", problems)
	}
	return w, nil
}

// settingOf has the setting that says more about a condition.
var settingOf = map[string]string{forFile: "path", forHTTP: "url", forTime: "offset", forPipeline: "pipeline_id"}

// subject checks the setting of the condition, whose path it returns.
func (w *wait) subject() (path string, err error) {
	path = settingOf[w.Condition]
	missing := fault.New(fault.Invalid, "is missing: %s needs it", w.Condition)
	switch {
	case w.Condition == forTime:
		if w.Offset == "" {
			return path, missing
		}
		w.offset, err = duration(w.Offset, 0)
		return path, err
	case w.Condition == forFile && w.Path == "", w.Condition == forPipeline && w.Pipeline == "", w.Condition == forHTTP && w.URL == "":
		return path, missing
	case w.Condition == forHTTP && !strings.Contains(w.URL, "${"):
		if w.address, err = url.Parse(w.URL); err != nil {
			return path, fault.New(fault.Invalid, "is no address")
		}
		return path, outbound.CheckURL(w.address)
	}
	return path, nil
}

// duration reads a length of time of at least least. One with a placeholder is
// checked when its value is known.
func duration(text string, least time.Duration) (time.Duration, error) {
	if strings.Contains(text, "${") {
		return least, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fault.New(fault.Invalid, "%q is no length of time: write 30s, 15m or 1h30m", text)
	}
	if d < least || d > longestStay {
		return 0, fault.New(fault.Invalid, "must be between %v and 366 days", least)
	}
	return d, nil
}

// Select implements node.Relational: the rows go on as they are.
func (*wait) Select(_ context.Context, _ node.Env, in []node.Relation) (node.Relation, error) {
	if len(in) == 0 {
		return node.Nothing(), nil
	}
	rel := in[0]
	rel.SameRows = true
	return rel, nil
}

// Come implements node.Waiter.
func (w *wait) Come(ctx context.Context, s node.Surroundings) (bool, error) {
	switch w.Condition {
	case forFile:
		_, err := s.Roots.Read(w.Path)
		if fault.CodeOf(err) == "file_not_found" {
			return false, nil
		}
		return err == nil, err
	case forHTTP:
		return w.answers(ctx, s)
	case forTime:
		return !s.Now.Before(s.Began.Add(w.offset)), nil
	}
	return s.Succeeded(ctx, w.Pipeline, s.Began)
}

// Pace implements node.Waiter.
func (w *wait) Pace() node.Pace { return w.pace }

// answers asks the address. Only what no later look could change is an error.
func (w *wait) answers(ctx context.Context, s node.Surroundings) (bool, error) {
	client, err := s.Out.Client(outbound.Options{MaxBody: 1 << 40, Redirects: 5})
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, askAtMost)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL, nil)
	if err != nil {
		return false, fault.Wrap(fault.Invalid, err, "the address cannot be asked")
	}
	res, err := client.Do(req)
	if kind := fault.KindOf(err); kind == fault.Denied || kind == fault.Invalid {
		return false, err
	}
	if err != nil {
		return false, nil // it may answer at the next look
	}
	return res.StatusCode == w.Expect, res.Body.Close()
}

// Subject implements node.Waiter.
func (w *wait) Subject() string {
	switch w.Condition {
	case forFile:
		return fmt.Sprintf("a file %q", w.Path)
	case forHTTP:
		return fmt.Sprintf("%s to answer %d", w.address.Host+w.address.Path, w.Expect)
	case forTime:
		return fmt.Sprintf("%v since the run began", w.offset)
	}
	return fmt.Sprintf("a run of %q to succeed", w.Pipeline)
}
