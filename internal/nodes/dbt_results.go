package nodes

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"unicode"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/script"
)

const (
	// mostNamed bounds how many results or errors a failure names.
	mostNamed = 5
	// longestNamed bounds each, in bytes.
	longestNamed = 400
	// longestResults is in bytes. A model takes about one thousand.
	longestResults = 64 << 20
)

// dbtResult is what has become of a model, test, seed or snapshot.
type dbtResult struct {
	UniqueID      string   `json:"unique_id"`
	Status        string   `json:"status"`
	ExecutionTime *float64 `json:"execution_time"` // seconds
	Message       string   `json:"message"`
	Adapter       struct {
		RowsAffected *int64 `json:"rows_affected"`
	} `json:"adapter_response"`
}

// good reports whether dbt counts r as done.
func (r dbtResult) good() bool {
	return r.Status != "error" && r.Status != "fail" && r.Status != "runtime error"
}

// dbtResults reads what the invocation has left, nothing when it has left nothing.
func dbtResults(path, invocation string) ([]dbtResult, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0) //nolint:gosec // a folder of pipelines; only what is made of it is shown
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadResults(err)
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > longestResults {
		return nil, unreadResults(errors.New("it is no file, or larger than 64 MB"))
	}
	var all struct {
		Metadata struct {
			InvocationID string `json:"invocation_id"`
		} `json:"metadata"`
		Results []dbtResult `json:"results"`
	}
	if err := json.NewDecoder(io.LimitReader(f, longestResults)).Decode(&all); err != nil {
		return nil, unreadResults(err)
	}
	if invocation == "" || all.Metadata.InvocationID != invocation {
		return nil, nil // they are of another run
	}
	return all.Results, nil
}

func unreadResults(cause error) error {
	return fault.Wrap(fault.Invalid, cause, "target/run_results.json, which dbt has written, cannot be read").With("dbt_results")
}

// dbtBatch returns results as rows.
func dbtBatch(results []dbtResult) batch.Batch {
	text := func(name string) batch.Column {
		return batch.Column{Name: name, Type: "VARCHAR", Kind: batch.Text, Texts: []string{}, Valid: []bool{}}
	}
	id, sort, name, status, message := text("unique_id"), text("resource_type"), text("name"), text("status"), text("message")
	seconds := batch.Column{Name: "execution_time", Type: "DOUBLE", Kind: batch.Float, Floats: []float64{}, Valid: []bool{}}
	affected := batch.Column{Name: "rows_affected", Type: "BIGINT", Kind: batch.Int, Ints: []int64{}, Valid: []bool{}}
	for _, r := range results {
		parts := strings.SplitN(r.UniqueID, ".", 4)
		parts = append(parts, "", "", "")
		for c, value := range map[*batch.Column]string{&id: r.UniqueID, &sort: parts[0], &name: parts[2], &status: r.Status, &message: r.Message} {
			c.Texts, c.Valid = append(c.Texts, value), append(c.Valid, value != "")
		}
		seconds.Floats, seconds.Valid = append(seconds.Floats, pointed(r.ExecutionTime)), append(seconds.Valid, r.ExecutionTime != nil)
		affected.Ints, affected.Valid = append(affected.Ints, pointed(r.Adapter.RowsAffected)), append(affected.Valid, r.Adapter.RowsAffected != nil)
	}
	return batch.Batch{Rows: len(results), Columns: []batch.Column{id, sort, name, status, seconds, message, affected}}
}

func pointed[V any](v *V) V {
	if v == nil {
		return *new(V)
	}
	return *v
}

// dbtEar hears what dbt says, an event of JSON in each line.
type dbtEar struct {
	log        func(node.Level, string, ...any)
	invocation string
	last       []string // errors
}

type dbtEvent struct {
	Info struct {
		Level      string `json:"level"`
		Message    string `json:"msg"`
		Name       string `json:"name"`
		Invocation string `json:"invocation_id"`
	} `json:"info"`
}

// dbtLevels are the levels of dbt that are told, by its names.
var dbtLevels = map[string]node.Level{"info": node.Info, "warn": node.Warning, "error": node.Error}

// hear logs a line.
func (e *dbtEar) hear(from script.Stream, line string) {
	if from == script.Out && e.event(line) {
		return
	}
	level := node.Info
	if from != script.Out {
		level = node.Warning
		e.remember(line)
	}
	e.log(level, "%s", line)
}

// event takes a line for an event. It reports whether it is one.
func (e *dbtEar) event(line string) bool {
	var event dbtEvent
	if json.Unmarshal([]byte(line), &event) != nil || event.Info.Level == "" {
		return false
	}
	if event.Info.Invocation != "" {
		e.invocation = event.Info.Invocation
	}
	words := cleaned(event.Info.Message)
	if level := dbtLevels[event.Info.Level]; level != "" && words != "" {
		if level == node.Error {
			e.remember(words)
		}
		e.log(level, "%s", words)
	}
	return true
}

// remember keeps the last errors, for the failure.
func (e *dbtEar) remember(words string) {
	if words = cleaned(words); words == "" {
		return
	}
	e.last = append(e.last, words)
	e.last = e.last[max(0, len(e.last)-mostNamed):]
}

// list reads what ls has printed into a file: an object for each model, by itself or
// as the message of an event.
func (e *dbtEar) list(path string) ([]dbtResult, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0) //nolint:gosec // in the node's own folder
	if err != nil {
		return nil, nil // dbt was not started
	}
	defer func() { _ = f.Close() }()
	var all []dbtResult
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		text := lines.Text()
		var event dbtEvent
		_ = json.Unmarshal([]byte(text), &event)
		if event.Info.Message != "" {
			text = event.Info.Message
		}
		var model struct {
			UniqueID string `json:"unique_id"`
		}
		if json.Unmarshal([]byte(text), &model) == nil && model.UniqueID != "" {
			all = append(all, dbtResult{UniqueID: model.UniqueID})
		} else {
			e.hear(script.Out, lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "what dbt ls has printed cannot be read").With("dbt_results")
	}
	return all, nil
}

// cleaned returns words of another program on one line, without what moves a cursor.
func cleaned(words string) string {
	words = strings.Join(strings.FieldsFunc(words, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if len(words) > longestNamed {
		words = strings.ToValidUTF8(words[:longestNamed], "") + " …"
	}
	return words
}
