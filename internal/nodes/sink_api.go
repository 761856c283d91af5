package nodes

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/broked/broked/internal/calls"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/sqltext"
)

const (
	defaultBatch = 100
	largestBatch = 16 << 20 // bytes of rows after which a batch is sent, however few they are
)

// sinkAPISpec sends rows to another system over HTTP.
var sinkAPISpec = node.Spec{
	Kind: "sink_api", Title: "HTTP API", Icon: "cloud-upload", Category: node.Target, MinInputs: 1, MaxInputs: 1, Asks: append(slices.Clone(asks), runs.AskHeld),
	Summary: "Send rows to an HTTP API as JSON, a batch in each request.",
	Settings: node.Schema{Type: node.TypeObject, Fields: slices.Concat(httpFields("POST", "POST", "PUT", "PATCH", "DELETE"), []node.Field{
		{Name: "batch_size", Schema: node.Schema{Type: node.TypeInteger, Title: "Rows in a request", Default: defaultBatch, Min: new(1.0), Max: new(100000.0)}},
		{Name: "body_template", Schema: node.Schema{Secrets: true, Title: "Body", Help: "What is around the rows: an object, or its JSON as text. {{rows}} stands for the list of rows, {{row}} for the one row when batch_size is 1, {{count}} for their number. Left out, the body is the list of rows."}},
		{Name: "idempotency_header", Schema: node.Schema{Type: node.TypeString, Title: "Header of the key", Default: "Idempotency-Key", Help: "Each request has a key in this header that stays the same when it is made again, so that the other system can tell. Empty sends none."}},
	}, refusedFields, retryFields("batch_"))},
	New: newSinkAPI,
}

// sinkAPI is a configured HTTP sink. What was accepted is remembered, so that another
// try of the node sends only the rest.
type sinkAPI struct {
	endpoint
	BatchSize         int     `json:"batch_size"`
	BodyTemplate      any     `json:"body_template"`
	IdempotencyHeader string  `json:"idempotency_header"`
	MaxConcurrency    int     `json:"max_concurrency"`
	RequestsPerSecond float64 `json:"requests_per_second"`
	MaxRetries        int     `json:"batch_max_retries"`
	RetryBackoff      string  `json:"batch_retry_backoff"`
	RetryDelay        int     `json:"batch_retry_delay"`
	refusing

	template string // "" is none
	rows     int64  // in the file of rows; -1 while there is none

	done     sync.Mutex
	accepted map[int]int64 // rows of the batches that were accepted or put aside, by number
}

func newSinkAPI(config json.RawMessage) (node.Node, error) {
	s := &sinkAPI{
		endpoint: endpoint{Method: "POST", RequestTimeout: defaultRequestTimeout}, BatchSize: defaultBatch, IdempotencyHeader: "Idempotency-Key",
		MaxConcurrency: 1, MaxRetries: 3, RetryDelay: 1000, rows: -1, accepted: map[int]int64{},
	}
	if err := json.Unmarshal(config, s); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the settings of the API sink are not readable")
	}
	if err := s.endpoint.check(); err != nil {
		return nil, err
	}
	if err := s.refusing.check(s.BatchSize); err != nil {
		return nil, err
	}
	if s.IdempotencyHeader != "" && !headerName.MatchString(s.IdempotencyHeader) {
		return nil, settingFault("idempotency_header", "is no name of a header")
	}
	return s, s.readTemplate()
}

var slots = regexp.MustCompile(`"\{\{\s*(rows|row|count)\s*\}\}"|\{\{\s*(rows|row|count)\s*\}\}`)

// readTemplate makes one text of the template, and sees that it makes JSON.
func (s *sinkAPI) readTemplate() error {
	switch t := s.BodyTemplate.(type) {
	case nil:
		return nil
	case string:
		s.template = t
	case map[string]any, []any:
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		if err := e.Encode(t); err != nil {
			return fmt.Errorf("body template: %w", err)
		}
		s.template = text.String()
	default:
		return settingFault("body_template", "must be an object, a list or text")
	}
	return s.checkTemplate()
}

func (s *sinkAPI) checkTemplate() error {
	found := map[string]bool{}
	for _, m := range slots.FindAllStringSubmatch(s.template, -1) {
		found[m[1]+m[2]] = true
	}
	switch {
	case strings.TrimSpace(s.template) == "":
		s.template = ""
		return nil
	case !found["rows"] && !found["row"]:
		return settingFault("body_template", "has no {{rows}} in it, so that no rows would be sent")
	case found["row"] && s.BatchSize != 1:
		return settingFault("batch_size", "must be 1: body_template has {{row}}, which is one row")
	case !json.Valid(s.body([]byte("{}"), 1)):
		return settingFault("body_template", "makes no JSON: write it as an object, or as JSON with {{rows}} where the list of rows goes")
	}
	return nil
}

// body returns the body of a request for rows with commas between them.
func (s *sinkAPI) body(rows []byte, count int64) []byte {
	if s.template == "" {
		return append(append([]byte("["), rows...), ']')
	}
	return slots.ReplaceAllFunc([]byte(s.template), func(slot []byte) []byte {
		switch strings.Trim(string(slot), `"{} `+"\t") {
		case "count":
			return strconv.AppendInt(nil, count, 10)
		case "row":
			return rows
		}
		return append(append([]byte("["), rows...), ']')
	})
}

// Open implements node.Opener.
func (s *sinkAPI) Open(_ context.Context, env node.Env) (node.Access, error) {
	return s.open(env)
}

// Write implements node.Sink.
func (s *sinkAPI) Write(ctx context.Context, env node.Env, in node.Relation) (int64, node.Relation, error) {
	to, err := s.address(env)
	if err != nil {
		return 0, node.Relation{}, err
	}
	client, err := s.client(env, outbound.Options{AtOnce: s.MaxConcurrency}, s.RequestsPerSecond)
	if err != nil {
		return 0, node.Relation{}, err
	}
	path := filepath.Join(env.Temp, "rows.ndjson")
	if s.rows < 0 { // else another try: the same rows, in the same batches
		if s.rows, err = env.DB.Exec(ctx, "COPY ("+in.SQL+") TO "+sqltext.Text(path)+" (FORMAT json)"); err != nil {
			s.rows = -1
			return 0, node.Relation{}, err
		}
	}
	err = s.send(ctx, path, func(ctx context.Context, b rowBatch) error { return s.deliver(ctx, env, client, to, b) })
	if err != nil {
		return 0, node.Relation{}, s.told(err)
	}
	if err := s.finish(ctx, env, s.rows); err != nil {
		return 0, node.Relation{}, err
	}
	if s.count > 0 {
		return s.rows - s.count, s.shown(), nil
	}
	pairs := make([]string, len(in.Columns))
	for i, c := range in.Columns {
		pairs[i] = sqltext.Text(c.Name) + ": " + sqltext.Text(c.Type)
	}
	return s.rows, node.Relation{
		SQL: fmt.Sprintf("SELECT * FROM read_json(%s, format='newline_delimited', hive_partitioning=false, maximum_object_size=%d, columns={%s})",
			sqltext.Text(path), 2*maxLine, strings.Join(pairs, ", ")),
		Columns: in.Columns, Rows: s.rows,
	}, nil
}

// told says of a failure how many rows had been accepted before.
func (s *sinkAPI) told(err error) error {
	s.done.Lock()
	defer s.done.Unlock()
	var sent int64
	for _, n := range s.accepted {
		sent += n
	}
	known, is := errors.AsType[*fault.Error](err)
	if !is {
		return err
	}
	sent -= s.count
	words := fmt.Sprintf("none of the %d rows were accepted before", s.rows)
	if sent > 0 {
		words = fmt.Sprintf("%d of the %d rows had been accepted before and stay where they are", sent, s.rows)
	}
	if s.count > 0 {
		words += fmt.Sprintf(", and %d were refused", s.count)
	}
	return fault.Wrap(known.Kind, err, "%s (%s)", known.Msg, words).With(fault.CodeOf(known))
}

// rowBatch is rows for one request, as JSON with commas between them.
type rowBatch struct {
	number int // from 1
	first  int64
	count  int64
	rows   []byte
}

// send reads the rows and hands them over in batches, several at once if that is
// asked for. The first failure ends it, after those that are on their way.
func (s *sinkAPI) send(ctx context.Context, path string, deliver func(context.Context, rowBatch) error) error {
	file, err := os.Open(path) //nolint:gosec // a file of ours
	if err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	defer func() { _ = file.Close() }()
	in := bufio.NewReaderSize(file, 1<<16)
	// Requests that have begun end by themselves: what becomes of their rows must be known.
	var g errgroup.Group
	g.SetLimit(max(s.MaxConcurrency, 1))
	failed := make(chan struct{})
	var once sync.Once
	next := rowBatch{number: 1, first: 1}
	for more := true; more && !closed(failed); {
		var b rowBatch
		if b, more, err = s.batch(in, next); err != nil {
			break
		}
		next = rowBatch{number: b.number + 1, first: b.first + b.count}
		if b.count == 0 || s.wasAccepted(b.number) {
			continue
		}
		g.Go(func() error {
			if closed(failed) {
				return nil
			}
			err := deliver(ctx, b)
			if err != nil {
				once.Do(func() { close(failed) })
			}
			return err
		})
	}
	return errors.Join(g.Wait(), err)
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (s *sinkAPI) wasAccepted(number int) bool {
	s.done.Lock()
	defer s.done.Unlock()
	_, yes := s.accepted[number]
	return yes
}

// batch reads the rows of the batch b, and reports whether there may be more.
func (s *sinkAPI) batch(in *bufio.Reader, b rowBatch) (rowBatch, bool, error) {
	for b.count < int64(s.BatchSize) && len(b.rows) < largestBatch {
		line, err := in.ReadBytes('\n')
		line = bytes.TrimRight(line, "\n")
		if len(line) > 0 {
			if b.count > 0 {
				b.rows = append(b.rows, ',')
			}
			b.rows = append(b.rows, line...)
			b.count++
		}
		if errors.Is(err, io.EOF) {
			return b, false, nil
		}
		if err != nil {
			return b, false, fmt.Errorf("read rows: %w", err)
		}
	}
	return b, true, nil
}

// deliver sends one batch until it is accepted or there is no use in trying.
func (s *sinkAPI) deliver(ctx context.Context, env node.Env, client *calls.Client, to *url.URL, b rowBatch) error {
	what := fmt.Sprintf("rows %d to %d", b.first, b.first+b.count-1)
	if b.count == 1 {
		what = fmt.Sprintf("row %d", b.first)
	}
	again := retries{Most: s.MaxRetries, Backoff: s.RetryBackoff, Delay: s.RetryDelay}
	body := s.body(b.rows, b.count)
	err := again.do(ctx, env, what, func(ctx context.Context) error {
		req, err := s.request(ctx, to, body, "application/json")
		if err != nil {
			return err
		}
		if s.IdempotencyHeader != "" && req.Header.Get(s.IdempotencyHeader) == "" {
			req.Header.Set(s.IdempotencyHeader, keyOf(env, b.number))
		}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		err = s.success(res)
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20)) // so that the connection can be used again
		if err != nil && s.takes(res.StatusCode) {
			err = s.aside(env, b, res.StatusCode, err)
		}
		if err != nil {
			return err
		}
		s.done.Lock()
		defer s.done.Unlock()
		s.accepted[b.number] = b.count
		return nil
	})
	if known, is := errors.AsType[*fault.Error](err); is && len(known.Problems) == 0 {
		return fault.Wrap(known.Kind, err, "%s: %s", what, known.Msg).With(fault.CodeOf(known))
	}
	return err
}

// keyOf returns the key of a batch, the same however often it is sent.
func keyOf(env node.Env, number int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d", env.Run, env.Node, number))
	return hex.EncodeToString(sum[:16])
}
