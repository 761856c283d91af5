package plugins

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/script"
)

// Command is what a plugin's program is asked to do.
type Command string

// The commands of the protocol. Brokoli's has no transform: it is told records as write
// is, and answers with records as read does.
const (
	CommandSpec      Command = "spec"
	CommandCheck     Command = "check"
	CommandDiscover  Command = "discover"
	CommandRead      Command = "read"
	CommandWrite     Command = "write"
	CommandTransform Command = "transform"
)

// Patience is how long a call may take unless it is told otherwise.
const Patience = 5 * time.Minute

// Message is one line that a plugin's program writes.
type Message struct {
	Type    string          `json:"type"`
	Data    json.RawMessage `json:"data,omitempty"`    // of a record
	Value   json.RawMessage `json:"value,omitempty"`   // of a state
	Stream  *Stream         `json:"stream,omitempty"`  // of a stream
	Level   string          `json:"level,omitempty"`   // of a log
	Status  string          `json:"status,omitempty"`  // of a status: ok or error
	Message string          `json:"message,omitempty"` // of a log, a status and an error
	// Line is the whole line.
	Line json.RawMessage `json:"-"`
}

// Stream is one of the lists of records that a plugin's source has, or takes.
type Stream struct {
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Columns     []StreamColumn `json:"columns,omitempty"`
	Mode        string         `json:"mode,omitempty"`
	CursorField string         `json:"cursor_field,omitempty"`
}

// StreamColumn is a column of a stream, with a type in one of the usual words.
type StreamColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Call is one execution of a plugin's program.
type Call struct {
	Plugin  Plugin
	Program script.Program // Find's
	Command Command
	Config  json.RawMessage
	Stream  string          // which records; not for all commands
	State   json.RawMessage // of read: what it has said last
	Folder  string          // which the program may write to: absolute
	Timeout time.Duration
	Memory  int64 // bytes that each of its processes may use
	// Log is told what the program writes for people: the level is one of the protocol's.
	Log func(level, line string)
}

// Find returns the program of a plugin.
func (p Plugin) Find() (script.Program, error) {
	return script.FindProgram(filepath.Join(p.Dir, p.Binary))
}

// reads returns the files and folders that the program may read besides those of every
// program: its own and, with the network, those by which a machine finds others and trusts
// them.
func (c Call) reads() []string {
	if !c.Plugin.Network {
		return []string{c.Plugin.Dir}
	}
	return slices.Concat([]string{c.Plugin.Dir}, outbound.MachineFiles, outbound.MachineFolders)
}

// Run executes the program. Records, unless nil, are written behind the settings; hear is told
// every message that is neither for people nor an error. What the program calls an error
// is a transient Invalid fault of the code plugin_failed, as is its end with another status than 0.
func (c Call) Run(ctx context.Context, records func(io.Writer) error, hear func(Message) error) error {
	first, err := json.Marshal(struct {
		Config json.RawMessage `json:"config"`
		Stream string          `json:"stream,omitempty"`
		State  json.RawMessage `json:"state,omitempty"`
	}{c.Config, c.Stream, c.State})
	if err != nil {
		return fmt.Errorf("settings of a plugin: %w", err)
	}
	err = script.Exchange{
		Program: c.Program, Args: append(slices.Clone(c.Plugin.Args), string(c.Command)), Folder: c.Folder,
		Reads: c.reads(), Network: c.Plugin.Network, Timeout: c.Timeout, Memory: c.Memory,
		Say: func(w io.Writer) error {
			if _, err := w.Write(append(first, '\n')); err != nil || records == nil {
				return err
			}
			return records(w)
		},
		Hear: func(line []byte) error { return c.hear(line, hear) },
		Line: func(line string) { c.Log("info", line) },
	}.Run(ctx)
	if code := fault.CodeOf(err); code == "program_failed" || code == "program_timeout" {
		named := fault.Wrap(fault.Invalid, err, "the plugin %s: %s", c.Plugin.Name, fault.MessageOf(err)).With("plugin_failed")
		if fault.IsTransient(err) {
			return fault.Transient(named)
		}
		return named
	}
	return err
}

func (c Call) hear(line []byte, hear func(Message) error) error {
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	m := Message{Line: line}
	if json.Unmarshal(line, &m) != nil {
		m.Type = ""
	}
	switch m.Type {
	case "":
		c.Log("warn", "the plugin wrote what is no message: "+shortened(line))
		return nil
	case "log":
		c.Log(m.Level, shortened([]byte(m.Message)))
		return nil
	case "error":
		return fault.Transient(fault.New(fault.Invalid, "the plugin %s: %s", c.Plugin.Name, shortened([]byte(m.Message))).With("plugin_failed"))
	}
	return hear(m)
}

// longestLog bounds a line of a log.
const longestLog = 16 << 10

// shortened makes a line for people of bytes that anybody has written.
func shortened(text []byte) string {
	if len(text) > longestLog {
		text = append(slices.Clone(text[:longestLog]), " …"...)
	}
	return script.Clean(strings.ToValidUTF8(string(text), "\ufffd"))
}

// WriteRecords writes the rows of a batch to w, a record message each.
func WriteRecords(w io.Writer, b batch.Batch) error {
	var text []byte
	encoders := make([]func(to []byte, row int) []byte, len(b.Columns))
	for i, column := range b.Columns {
		encoders[i] = encoder(column)
	}
	for row := range b.Rows {
		text = append(text, `{"type":"record","data":{`...)
		for i, encode := range encoders {
			if i > 0 {
				text = append(text, ',')
			}
			text = encode(text, row)
		}
		text = append(text, "}}\n"...)
		if len(text) > 1<<16 || row == b.Rows-1 {
			if _, err := w.Write(text); err != nil {
				return err
			}
			text = text[:0]
		}
	}
	return nil
}
