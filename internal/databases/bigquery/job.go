package bigquery

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/rest"
	"github.com/broked/broked/internal/fault"
)

// configuration says what a job does.
type configuration struct {
	DryRun  bool              `json:"dryRun,omitempty"`
	Timeout string            `json:"jobTimeoutMs,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"`
	Query   *queryJob         `json:"query,omitempty"`
	Load    *loadJob          `json:"load,omitempty"`
}

type queryJob struct {
	Text    string      `json:"query"`
	Legacy  bool        `json:"useLegacySql"`
	Mode    string      `json:"parameterMode,omitempty"`
	Params  []parameter `json:"queryParameters,omitempty"`
	Dataset *reference  `json:"defaultDataset,omitempty"`
}

type parameter struct {
	Type struct {
		Type string `json:"type"`
	} `json:"parameterType"`
	Value struct {
		Value *string `json:"value"`
	} `json:"parameterValue"`
}

// reference names a job, a dataset or a table.
type reference struct {
	Project  string `json:"projectId"`
	Dataset  string `json:"datasetId,omitempty"`
	Table    string `json:"tableId,omitempty"`
	Job      string `json:"jobId,omitempty"`
	Location string `json:"location,omitempty"`
}

// problem is what BigQuery says about something that went wrong.
type problem struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

type job struct {
	Reference     reference     `json:"jobReference"`
	Configuration configuration `json:"configuration"`
	Status        struct {
		State string    `json:"state"`
		Error *problem  `json:"errorResult"`
		All   []problem `json:"errors"`
	} `json:"status"`
	Statistics struct {
		Load struct {
			Rows string `json:"outputRows"`
		} `json:"load"`
		Query struct {
			Kind string `json:"statementType"`
			DML  struct {
				Deleted string `json:"deletedRowCount"`
			} `json:"dmlStats"`
		} `json:"query"`
	} `json:"statistics"`
}

// made is a job as it is made.
type made struct {
	Reference     reference     `json:"jobReference"`
	Configuration configuration `json:"configuration"`
}

func newID() string { return "broked_" + rand.Text() }

func (k *session) limit() string {
	if k.StatementTimeout > 0 {
		return strconv.FormatInt(max(1, int64(k.StatementTimeout*1000)), 10)
	}
	return ""
}

// query returns the job of a statement.
func (k *session) query(q databases.Query) configuration {
	j := &queryJob{Text: q.Text}
	if k.Dataset != "" {
		j.Dataset = &reference{Project: k.project, Dataset: k.Dataset}
	}
	for _, value := range q.Params {
		var p parameter
		text := fmt.Sprint(value)
		switch value.(type) {
		case bool:
			p.Type.Type = "BOOL"
		case int64:
			p.Type.Type = "INT64"
		case float64:
			p.Type.Type = "FLOAT64"
		default:
			p.Type.Type = "STRING"
		}
		if value != nil {
			p.Value.Value = &text
		}
		j.Mode, j.Params = "POSITIONAL", append(j.Params, p)
	}
	return configuration{Timeout: k.limit(), Query: j}
}

// base is what paths of the project begin with.
func (k *session) base() string { return "/bigquery/v2/projects/" + url.PathEscape(k.project) }

// insert makes a job, or finds the one that has its name.
func (k *session) insert(ctx context.Context, id string, config configuration) (*job, error) {
	body, err := json.Marshal(made{reference{Project: k.project, Job: id, Location: k.Location}, config})
	if err != nil {
		return nil, err
	}
	a, err := k.Do(ctx, http.MethodPost, k.base()+"/jobs", body)
	if err != nil {
		return nil, err
	}
	if a.Status == http.StatusConflict { // it was made before
		return k.job(ctx, id)
	}
	return k.jobOf(a)
}

// job returns a job by its name, nil when there is none.
func (k *session) job(ctx context.Context, id string) (*job, error) {
	a, err := k.Do(ctx, http.MethodGet, k.base()+"/jobs/"+id+"?location="+url.QueryEscape(k.Location), nil)
	if err != nil || a.Status == http.StatusNotFound {
		return nil, err
	}
	return k.jobOf(a)
}

func (k *session) jobOf(a rest.Answer) (*job, error) {
	if a.Status != http.StatusOK {
		return nil, k.fault(a)
	}
	j := &job{}
	if err := json.Unmarshal(a.Body, j); err != nil {
		return nil, k.Lost(err)
	}
	return j, nil
}

// run makes a job and waits until it has ended well.
func (k *session) run(ctx context.Context, id string, config configuration) (*job, error) {
	j, err := k.insert(ctx, id, config)
	if err == nil && j == nil {
		err = k.Lost(nil)
	}
	if err == nil {
		j, err = k.await(ctx, j)
	}
	if ctx.Err() != nil {
		k.cancel(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	return j, k.failure(j)
}

// polls are how long apart BigQuery is asked whether a job has ended.
const (
	firstPoll = 100 * time.Millisecond
	mostPoll  = 5 * time.Second
)

// await waits until a job has ended in whatever way.
func (k *session) await(ctx context.Context, j *job) (*job, error) {
	for wait := firstPoll; j.Status.State != "DONE"; wait = min(wait*3/2, mostPoll) {
		if err := rest.Wait(ctx, wait); err != nil {
			return nil, err
		}
		next, err := k.job(ctx, j.Reference.Job)
		if err == nil && next == nil {
			err = k.Lost(nil)
		}
		if err != nil {
			return nil, err
		}
		j = next
	}
	return j, nil
}

func (k *session) cancel(ctx context.Context, id string) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer stop()
	_, _ = k.Do(ctx, http.MethodPost, k.base()+"/jobs/"+id+"/cancel?location="+url.QueryEscape(k.Location), nil)
}

// failure is what a job that has ended went wrong by, if it did.
func (k *session) failure(j *job) error {
	if j.Status.Error == nil {
		return nil
	}
	said := *j.Status.Error
	for _, p := range j.Status.All { // the result alone says only that there are errors
		if p.Reason == "invalid" && p.Message != said.Message && j.Configuration.Load != nil {
			said = p
			break
		}
	}
	return k.about(http.StatusBadRequest, said)
}

// fault makes an error for people of an answer that is no success.
func (k *session) fault(a rest.Answer) error {
	var said struct {
		Error struct {
			Message string    `json:"message"`
			Errors  []problem `json:"errors"`
		} `json:"error"`
	}
	if json.Unmarshal(a.Body, &said) != nil || said.Error.Message == "" {
		if a.Status == http.StatusUnauthorized {
			return k.about(a.Status, problem{})
		}
		return k.Unexpected(a)
	}
	p := problem{Message: said.Error.Message}
	if len(said.Error.Errors) > 0 {
		p.Reason = said.Error.Errors[0].Reason
	}
	return k.about(a.Status, p)
}

// passing are the reasons that may not be there later.
var passing = []string{"backendError", "internalError", "rateLimitExceeded", "jobRateLimitExceeded", "jobBackendError", "jobInternalError", "tableUnavailable"}

func (k *session) about(status int, p problem) error {
	where, said := k.Host()+"/"+k.project, strings.Join(strings.Fields(p.Message), " ")
	switch {
	case contains(passing, p.Reason), status >= http.StatusInternalServerError:
		return fault.Transient(fault.New(fault.Unavailable, "%s: %s", where, said).With("bad_answer"))
	case status == http.StatusUnauthorized:
		return fault.New(fault.Invalid, "%s does not accept who is calling: %s", k.Host(), said).With("login_failed")
	case status == http.StatusForbidden, p.Reason == "accessDenied":
		return fault.New(fault.Invalid, "%s does not permit this: %s", where, said).With("permission_denied")
	case strings.Contains(said, "Not found: Project"), strings.Contains(said, "Not found: Dataset"):
		return fault.New(fault.Invalid, "%s: %s", where, said).With("database_not_found")
	case p.Reason == "timeout", p.Reason == "stopped":
		return fault.New(fault.Unavailable, "%s has ended the statement: %s", where, said).With("statement_timeout")
	case p.Reason == "invalid":
		said, _, _ = strings.Cut(said, "; Value:")
		return fault.New(fault.Invalid, "%s", said).With("bad_value")
	}
	return fault.New(fault.Invalid, "%s", said).With("query_failed")
}

// line is a row of a result, or a record in one.
type line struct {
	F []struct {
		V json.RawMessage `json:"v"`
	} `json:"f"`
}

// page is a part of a result.
type page struct {
	Schema struct {
		Fields []field `json:"fields"`
	} `json:"schema"`
	Rows []line `json:"rows"`
	Next string `json:"pageToken"`
}

func (k *session) page(ctx context.Context, j *job, token string) (*page, error) {
	ask := url.Values{"maxResults": {"10000"}, "formatOptions.useInt64Timestamp": {"true"}, "location": {j.Reference.Location}}
	if token != "" {
		ask.Set("pageToken", token)
	}
	a, err := k.Do(ctx, http.MethodGet, k.base()+"/queries/"+j.Reference.Job+"?"+ask.Encode(), nil)
	if err != nil {
		return nil, err
	}
	if a.Status != http.StatusOK {
		return nil, k.fault(a)
	}
	p := &page{}
	if err := json.Unmarshal(a.Body, p); err != nil {
		return nil, k.Lost(err)
	}
	return p, nil
}
