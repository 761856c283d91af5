package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/sqltext"
)

// refusable are the statuses that may say that one row is wrong.
var refusable = []int{http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity}

// refusedFields say what becomes of rows that the other system does not take.
var refusedFields = []node.Field{
	{Name: "on_row_error", Schema: node.Schema{Type: node.TypeString, Title: "Rows that are refused", Default: onErrorFail, Enum: []string{onErrorFail, quarantine}, Help: "What becomes of a row that is answered with one of the statuses below. fail ends the node. quarantine puts such rows into a file, with what the other system says, and goes on; it needs batch_size: 1, because of several rows nobody says which was refused."}},
	{Name: "refused_statuses", Schema: node.Schema{Type: node.TypeArray, Title: "Statuses of refused rows", Items: &node.Schema{Type: node.TypeInteger, Min: new(400.0), Max: new(422.0)}, Help: "Of 400, 409 and 422; 422 when left out. Some systems answer 409 for what they have already, as after an answer that was lost."}},
	{Name: "quarantine_path", Schema: node.Schema{Type: node.TypeString, Title: "File of refused rows", MinLen: 1, Format: node.FormatPath, Help: "On the server's disk, one JSON object a line: run_id, node_id, rejected_at, row_number, status, reason and row. It is replaced when the node is done, and empty when nothing was refused."}},
}

// refusing is what a sink does with rows that are refused.
type refusing struct {
	OnRowError      string `json:"on_row_error"`
	RefusedStatuses []int  `json:"refused_statuses"`
	QuarantinePath  string `json:"quarantine_path"`

	target, temp string

	mu    sync.Mutex
	log   string // the file that has them while the node is at work; empty while there are none
	count int64
	first refusedRow // that came to be known
}

// refusedRow is a row that the other system does not take.
type refusedRow struct {
	Run    string          `json:"run_id"`
	Node   string          `json:"node_id"`
	At     time.Time       `json:"rejected_at"`
	Number int64           `json:"row_number"`
	Status int             `json:"status"`
	Reason string          `json:"reason"`
	Row    json.RawMessage `json:"row"`
}

func (r *refusing) check(batchSize int) error {
	for _, status := range r.RefusedStatuses {
		if !slices.Contains(refusable, status) {
			return settingFault("refused_statuses", "must be of 400, 409 and 422, not %d", status)
		}
	}
	switch {
	case r.OnRowError != quarantine && r.QuarantinePath != "":
		return settingFault("quarantine_path", "is for on_row_error: quarantine")
	case r.OnRowError != quarantine && len(r.RefusedStatuses) > 0:
		return settingFault("refused_statuses", "is for on_row_error: quarantine")
	case r.OnRowError != quarantine:
		return nil
	case r.QuarantinePath == "":
		return settingFault("quarantine_path", "is missing: the file for rows that are refused, such as refused.ndjson")
	case batchSize != 1:
		return settingFault("batch_size", "must be 1 with on_row_error: quarantine: of several rows nobody says which one was refused, or what became of the others")
	}
	if len(r.RefusedStatuses) == 0 {
		r.RefusedStatuses = []int{http.StatusUnprocessableEntity}
	}
	return nil
}

// open returns what is touched for the file of refused rows.
func (r *refusing) open(env node.Env) (node.Access, error) {
	access := node.Access{Network: true}
	if r.OnRowError != quarantine {
		return access, nil
	}
	var err error
	if r.target, err = env.Roots.Write(r.QuarantinePath); err != nil {
		return access, err
	}
	r.temp = filepath.Join(filepath.Dir(r.target), "."+shorten(filepath.Base(r.target))+"."+env.Own+node.Leftover)
	access.Writes, access.Leftovers = []string{r.target, r.temp}, []string{r.temp}
	return access, nil
}

// takes reports whether an answer with a status says that its row is wrong.
func (r *refusing) takes(status int) bool {
	return r.OnRowError == quarantine && slices.Contains(r.RefusedStatuses, status)
}

// aside keeps the row of a batch that was refused, for good: when it returns nil, the row need
// not be sent again.
func (r *refusing) aside(env node.Env, b rowBatch, status int, why error) error {
	row := refusedRow{env.Run, env.Node, time.Now().UTC().Truncate(time.Millisecond), b.first, status, fault.MessageOf(why), b.rows}
	line, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("keep a refused row: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	path := filepath.Join(env.Temp, "refused.ndjson")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // a folder of ours
	if err != nil {
		return fmt.Errorf("keep a refused row: %w", err)
	}
	_, err = file.Write(append(line, '\n'))
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("keep a refused row: %w", err)
	}
	if r.log = path; r.count == 0 {
		r.first = row
	}
	r.count++
	return nil
}

// finish makes the file of the rows that were refused, and tells of them.
func (r *refusing) finish(ctx context.Context, env node.Env, rows int64) error {
	if r.OnRowError != quarantine {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(r.target), 0o755); err != nil { //nolint:gosec // data that the person's other programs read
		return fmt.Errorf("make the folder of refused rows: %w", err)
	}
	defer remove(r.temp)
	if err := r.copied(); err != nil {
		return fmt.Errorf("write refused rows: %w", err)
	}
	if err := attemptOf(env).Held(ctx); err != nil {
		return err
	}
	if err := moveFile(r.temp, r.target); err != nil {
		return fmt.Errorf("write refused rows: %w", err)
	}
	if r.count > 0 {
		env.Log(node.Warning, "%d of %d rows were refused and are in %s; the first is row %d: %s", r.count, rows, r.QuarantinePath, r.first.Number, r.first.Reason)
	}
	return nil
}

func (r *refusing) copied() (err error) {
	to, err := os.Create(r.temp)
	if err != nil {
		return err
	}
	defer func() {
		if closed := to.Close(); err == nil {
			err = closed
		}
	}()
	if r.log == "" {
		return nil
	}
	from, err := os.Open(r.log)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	_, err = io.Copy(to, from)
	return err
}

// shown is a relation over the refused rows, for people.
func (r *refusing) shown() node.Relation {
	columns := []node.Column{{Name: "row_number", Type: "BIGINT"}, {Name: "status", Type: "INTEGER"}, {Name: "reason", Type: "VARCHAR"}, {Name: "row", Type: "JSON"}}
	return node.Relation{
		SQL: fmt.Sprintf("SELECT row_number, status, reason, \"row\" FROM read_json(%s, format='newline_delimited', hive_partitioning=false, maximum_object_size=%d, columns={row_number: 'BIGINT', status: 'INTEGER', reason: 'VARCHAR', \"row\": 'JSON'}) ORDER BY row_number",
			sqltext.Text(r.log), 4*maxLine),
		Columns: columns, Rows: r.count,
	}
}
