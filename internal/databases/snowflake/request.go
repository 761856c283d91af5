package snowflake

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/broked/broked/internal/databases/rest"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
)

// statement is a request to execute something.
type statement struct {
	text   string
	params []any // bound to ? each; only without count
	count  int   // of statements, if they are several
}

// result is an answer of Snowflake's.
type result struct {
	Code    string      `json:"code"`
	Message string      `json:"message"`
	State   string      `json:"sqlState"`
	Handle  string      `json:"statementHandle"`
	Handles []string    `json:"statementHandles"`
	Meta    meta        `json:"resultSetMetaData"`
	Data    [][]*string `json:"data"`
	status  int
}

type meta struct {
	Types      []rowType `json:"rowType"`
	Partitions []struct {
		Rows int64 `json:"rowCount"`
	} `json:"partitionInfo"`
}

// number is the only value of the result, as a statement has it that changes rows.
func (r *result) number() int64 {
	if len(r.Data) == 0 || len(r.Data[0]) == 0 || r.Data[0][0] == nil {
		return 0
	}
	n, _ := strconv.ParseInt(*r.Data[0][0], 10, 64)
	return n
}

const path = "/api/v2/statements"

// bound is a parameter as the API takes it.
type bound struct {
	Type  string  `json:"type"`
	Value *string `json:"value"`
}

func bind(params []any) (map[string]bound, error) {
	if len(params) == 0 {
		return nil, nil //nolint:nilnil // there are none
	}
	all := make(map[string]bound, len(params))
	for i, p := range params {
		b := bound{Type: "TEXT"}
		text := ""
		switch v := p.(type) {
		case nil:
		case bool:
			b.Type, text = "BOOLEAN", strconv.FormatBool(v)
		case int64:
			b.Type, text = "FIXED", strconv.FormatInt(v, 10)
		case float64:
			b.Type, text = "REAL", strconv.FormatFloat(v, 'g', -1, 64)
		case string:
			text = v
		default:
			return nil, fmt.Errorf("bind a %T", p)
		}
		if p != nil {
			b.Value = &text
		}
		all[strconv.Itoa(i+1)] = b
	}
	return all, nil
}

// parameters are what every request is executed with: values are written as this package
// reads them.
func parameters(count int) map[string]string {
	return map[string]string{
		"TIMEZONE": "UTC", "MULTI_STATEMENT_COUNT": strconv.Itoa(max(count, 1)), "BINARY_INPUT_FORMAT": "HEX", "BINARY_OUTPUT_FORMAT": "HEX",
		"QUERY_TAG": "broked", "ERROR_ON_NONDETERMINISTIC_MERGE": "true",
	}
}

// execute executes a request and waits for its result, of which Data is the first
// partition. Made again, a request is not executed again: it has an id.
func (k *session) execute(ctx context.Context, s statement) (*result, error) {
	bindings, err := bind(s.params)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(struct {
		Statement  string            `json:"statement"`
		Timeout    int               `json:"timeout,omitempty"`
		Database   string            `json:"database,omitempty"`
		Schema     string            `json:"schema,omitempty"`
		Warehouse  string            `json:"warehouse,omitempty"`
		Role       string            `json:"role,omitempty"`
		Bindings   map[string]bound  `json:"bindings,omitempty"`
		Parameters map[string]string `json:"parameters"`
	}{s.text, k.seconds(), k.at.Schema, k.options.Schema, k.options.Warehouse, k.options.Role, bindings, parameters(s.count)})
	if err != nil {
		return nil, err
	}
	a, err := k.Do(ctx, http.MethodPost, path+"?requestId="+id.New()+"&retry=true", body)
	if err != nil {
		return nil, err
	}
	return k.finish(ctx, a)
}

// seconds is the limit of a statement; 0 is none.
func (k *session) seconds() int {
	if k.options.StatementTimeout > 0 {
		return max(1, int(k.options.StatementTimeout))
	}
	return 0
}

// polls are how long apart Snowflake is asked whether a statement has ended.
const (
	firstPoll = 100 * time.Millisecond
	mostPoll  = 5 * time.Second
)

// finish waits until a statement has ended.
func (k *session) finish(ctx context.Context, a rest.Answer) (*result, error) {
	r, err := k.parse(a)
	for wait := firstPoll; err == nil && r.status == http.StatusAccepted; wait = min(wait*3/2, mostPoll) {
		handle := r.Handle
		if err = rest.Wait(ctx, wait); err == nil {
			a, err = k.Do(ctx, http.MethodGet, path+"/"+handle, nil)
		}
		if err != nil {
			if ctx.Err() != nil {
				k.cancel(ctx, handle)
			}
			return nil, err
		}
		if r, err = k.parse(a); err == nil && r.Handle == "" {
			r.Handle = handle
		}
	}
	return r, err
}

const cancelTimeout = 3 * time.Second

// cancel ends a statement for which nobody waits any more.
func (k *session) cancel(ctx context.Context, handle string) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer stop()
	_, _ = k.Do(ctx, http.MethodPost, path+"/"+handle+"/cancel", []byte("{}"))
}

// partition returns the rows of a further partition of a result.
func (k *session) partition(ctx context.Context, handle string, number int) ([][]*string, error) {
	a, err := k.Do(ctx, http.MethodGet, path+"/"+handle+"?partition="+strconv.Itoa(number), nil)
	if err != nil {
		return nil, err
	}
	r, err := k.parse(a)
	if err != nil {
		return nil, err
	}
	return r.Data, nil
}

// parse reads an answer. One that is no success is a fault.
func (k *session) parse(a rest.Answer) (*result, error) {
	r := &result{status: a.Status}
	read := json.Unmarshal(a.Body, r)
	switch {
	case a.Status == http.StatusOK || a.Status == http.StatusAccepted:
		if read != nil {
			return nil, k.Lost(read)
		}
		return r, nil
	case read != nil || r.Code == "" && a.Status != http.StatusUnauthorized && a.Status != http.StatusForbidden:
		return nil, k.Unexpected(a)
	}
	return nil, k.fault(a.Status, r)
}

// sayings are what codes of Snowflake's mean, by codes and by states of SQL.
var sayings = map[string]struct {
	kind  fault.Kind
	code  string
	again bool
}{
	"003001": {fault.Invalid, "permission_denied", false}, "42501": {fault.Invalid, "permission_denied", false},
	"390201": {fault.Invalid, "database_not_found", false}, "002043": {fault.Invalid, "database_not_found", false},
	"390189": {fault.Invalid, "permission_denied", false},
	"000604": {fault.Unavailable, "statement_timeout", false}, "000630": {fault.Unavailable, "statement_timeout", false}, "57014": {fault.Unavailable, "statement_timeout", false},
	"000625": {fault.Unavailable, "database_locked", true}, "000639": {fault.Unavailable, "database_locked", true},
}

// refusedLogin are the codes about who is asking.
var refusedLogin = regexp.MustCompile(`^390(1[0-7]\d|3\d\d)$|^3947\d\d$`)

// fault makes an error for people of what Snowflake says. Values of cells are not in it.
func (k *session) fault(status int, r *result) error {
	said := strings.Join(strings.Fields(r.Message), " ")
	s, known := sayings[r.Code]
	if !known {
		s, known = sayings[r.State]
	}
	if strings.HasPrefix(said, "Database '") && strings.Contains(said, "does not exist") {
		s, known = sayings["390201"], true
	}
	switch {
	case status == http.StatusUnauthorized, refusedLogin.MatchString(r.Code):
		return fault.New(fault.Invalid, "%s does not let %s in: %s", k.Host(), k.at.Login, said).With("login_failed")
	case status == http.StatusForbidden:
		return fault.New(fault.Invalid, "%s does not permit this to %s: %s", k.Host(), k.at.Login, said).With("permission_denied")
	case status == http.StatusRequestTimeout:
		return fault.New(fault.Unavailable, "%s has ended the statement: %s", k.name(), said).With("statement_timeout")
	case known && s.again:
		return fault.Transient(fault.New(s.kind, "%s: %s", k.name(), said).With(s.code))
	case known:
		return fault.New(s.kind, "%s: %s", k.name(), said).With(s.code)
	case strings.HasPrefix(r.State, "22"), strings.HasPrefix(r.State, "23"), strings.HasPrefix(r.Code, "1000"):
		return fault.New(fault.Invalid, "%s", quotedValue.ReplaceAllString(said, "")).With("bad_value")
	case status >= http.StatusInternalServerError:
		return fault.Transient(fault.New(fault.Unavailable, "%s: %s", k.name(), said).With("bad_answer"))
	}
	return fault.New(fault.Invalid, "%s", said).With("query_failed")
}

// finishOf returns the result of a statement of a request of several.
func (k *session) finishOf(ctx context.Context, handle string) (*result, error) {
	a, err := k.Do(ctx, http.MethodGet, path+"/"+handle, nil)
	if err != nil {
		return nil, err
	}
	return k.finish(ctx, a)
}
