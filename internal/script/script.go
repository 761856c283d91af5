// Package script runs a person's script in an interpreter of its own: rows go in
// and come back column by column over pipes, and what the script prints is handed
// on line by line. The script is shut in by the kernel, not by the language.
package script

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/fault"
)

// Script is one execution of a script.
type Script struct {
	Interpreter Interpreter
	Text        string
	Config      map[string]any    // the names that the script knows, all of them data
	Params      map[string]string // as text
	Parameters  map[string]any    // typed
	Lazy        bool              // rows are gone through once and none is kept; Python has that
	Legacy      bool              // dates and decimals come as text and fractions
	Timeout     time.Duration
	Memory      int64           // bytes that the process may use
	CPU         time.Duration   // of the processor that each of its processes may use; 0 is as much as Timeout
	Folder      string          // where it may write: an absolute path
	types       map[string]bool // that columns of the result may have

	// Line is told each line that the script prints, one at a time.
	Line func(Stream, string)
}

// Stream is where a line was printed.
type Stream int

// The streams.
const (
	Out     Stream = iota // standard output
	Err                   // standard error
	Warning               // said by us about the result
)

// Run executes the script over rows, which have columns, and gives its result to
// write, in order. When write fails, that is the error. What the script does wrong
// is an Invalid fault. When Run returns no process of the script's is left.
func (s Script) Run(ctx context.Context, columns []batch.Column, rows iter.Seq2[batch.Batch, error], write func(batch.Batch) error) error {
	s.types = typesFor(columns)
	job, err := s.job(columns)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeoutCause(ctx, s.Timeout, errSlow)
	defer stop()
	c, err := start(s)
	if err != nil {
		return err
	}
	defer c.close()
	defer context.AfterFunc(ctx, c.kill)()
	fed := make(chan error, 1)
	go func() { fed <- c.feed(ctx, job, rows) }()
	ended, err := c.listen(s, write)
	if !ended && !gone(err) {
		c.kill() // nobody listens any more
	}
	status := c.wait()
	if failed := <-fed; ctx.Err() == nil && !unread(failed) {
		return failed
	}
	switch {
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), errSlow):
		return fault.New(fault.Invalid, "the script took longer than %s: raise its timeout, or let it do less", s.Timeout).With("script_timeout")
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case gone(err):
		return s.death(status)
	}
	return err
}

// unread reports whether feeding the child went well, or failed because it no
// longer reads, which is a consequence. An input that cannot be read is the reason
// of all that follows.
func unread(err error) bool {
	return err == nil || errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed)
}

// gone reports whether the child has ended in the middle of its words.
func gone(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// errSlow ends scripts that take longer than they may.
var errSlow = errors.New("the script took too long")

// job tells the child what it is to do.
func (s Script) job(columns []batch.Column) ([]byte, error) {
	list := make([]column, len(columns))
	for i, c := range columns {
		list[i] = column{Name: c.Name, Type: c.Type}
	}
	text, err := json.Marshal(map[string]any{
		"script": s.Text, "columns": list, "config": orEmpty(s.Config), "params": orEmpty(s.Params),
		"parameters": orEmpty(s.Parameters), "legacy": s.Legacy, "lazy": s.Lazy,
	})
	if err != nil {
		return nil, fmt.Errorf("write the script's job: %w", err)
	}
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text...), nil //nolint:gosec // a document is smaller
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// child is the process of one script.
type child struct {
	in, out *os.File
	pid     int
	ended   chan struct{}
	status  *os.ProcessState
	killed  sync.Once
}

// start starts the interpreter, which waits for its job.
func start(s Script) (*child, error) {
	inR, inW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start an interpreter: %w", err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start an interpreter: %w", err), inR.Close(), inW.Close())
	}
	defer func() { _ = inR.Close() }()
	defer func() { _ = outW.Close() }()
	widen(inW)
	widen(outW)
	printed := &lines{tell: s.Line, bounds: ofScripts}
	command := func() *exec.Cmd {
		language := s.Interpreter.Language
		cmd := exec.Command(s.Interpreter.Path, append(language.arguments(s.Memory), language.runner)...) //nolint:gosec,noctx // found by Find; killed by group
		cmd.Env = append([]string{
			"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC", "HOME=" + s.Folder, "TMPDIR=" + s.Folder,
		}, language.environment...)
		cmd.Dir = s.Folder
		cmd.ExtraFiles = []*os.File{inR, outW}
		cmd.Stdout, cmd.Stderr = printed.from(Out), printed.from(Err)
		cmd.WaitDelay = time.Second // a grandchild may hold the pipes of what is printed
		return cmd
	}
	c := &child{in: inW, out: outR, ended: make(chan struct{})}
	if err := c.launch(s.cell(), command, printed); err != nil {
		return nil, errors.Join(s.Interpreter.unusable(err), inW.Close(), outR.Close())
	}
	return c, nil
}

// cell is what a process that is shut in has.
type cell struct {
	reads, writes []string // files and folders besides the system's
	memory        int64    // bytes
	reserved      uint64   // bytes of addresses that are taken and not used
	processor     time.Duration
	network       bool // that of the machine
}

func (s Script) cell() cell {
	return cell{
		reads: s.Interpreter.Folders, writes: []string{s.Folder},
		memory: s.Memory, reserved: s.Interpreter.Language.reserved, processor: s.processor(),
	}
}

// launch starts a command in its cell. What it prints goes to printed, which ends
// when it does.
func (c *child) launch(in cell, command func() *exec.Cmd, printed *lines) error {
	started := make(chan error, 1)
	go func() {
		defer close(c.ended)
		cmd, err := confined(in, command)
		if err != nil {
			started <- err
			return
		}
		c.pid = cmd.Process.Pid
		started <- nil
		_ = cmd.Wait() // the thread that has started a process must live as long
		c.status = cmd.ProcessState
		printed.end()
	}()
	return <-started
}

// kill ends the process and everything that it has started.
func (c *child) kill() {
	c.killed.Do(func() { _ = syscall.Kill(-c.pid, syscall.SIGKILL) })
}

// wait returns how the process has ended. It has a moment to do so by itself.
func (c *child) wait() *os.ProcessState {
	select {
	case <-c.ended:
	case <-time.After(5 * time.Second):
		c.kill()
		<-c.ended
	}
	return c.status
}

func (c *child) close() {
	c.kill()
	<-c.ended
	_ = c.in.Close()
	_ = c.out.Close()
}

// feed gives the child its job and its rows.
func (c *child) feed(ctx context.Context, job []byte, rows iter.Seq2[batch.Batch, error]) error {
	defer func() { _ = c.in.Close() }()
	if _, err := c.in.Write(job); err != nil {
		return err
	}
	var frame []byte
	for b, err := range rows {
		if err != nil {
			c.kill()
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if b.Rows == 0 {
			continue
		}
		if frame, err = appendFrame(frame[:0], b); err != nil {
			c.kill()
			return err
		}
		if _, err := c.in.Write(frame); err != nil {
			return err
		}
	}
	_, err := c.in.Write([]byte{0, 0, 0, 0})
	return err
}

// listen hands on what the child says. Ended means that the child says that it is
// about to end.
func (c *child) listen(s Script, write func(batch.Batch) error) (ended bool, err error) {
	r, buffer := bufio.NewReaderSize(c.out, 1<<20), &bytes.Buffer{}
	var columns []column
	for {
		letter, payload, err := readMessage(r, buffer)
		switch {
		case errors.Is(err, errFrame):
			return false, tampered(err)
		case err != nil:
			return false, err
		case letter == 'E':
			return true, s.failure(payload)
		case letter == 'D':
			return true, nil
		}
		if err := s.hear(letter, payload, &columns, write); err != nil {
			return false, err
		}
	}
}

// hear hands on one message that is not the last. Columns are those that were
// announced.
func (s Script) hear(letter byte, payload []byte, columns *[]column, write func(batch.Batch) error) error {
	switch letter {
	case 'C':
		*columns = nil
		if err := json.Unmarshal(payload, columns); err != nil {
			return tampered(err)
		}
		if slices.ContainsFunc(*columns, func(c column) bool { return !s.types[c.Type] && !decimal.MatchString(c.Type) }) {
			return tampered(errFrame)
		}
		return write(batch.Batch{Columns: named(*columns)})
	case 'F':
		b, err := readFrame(*columns, payload)
		if err != nil {
			return tampered(err)
		}
		return write(b)
	case 'W':
		var words string
		if err := json.Unmarshal(payload, &words); err != nil {
			return tampered(err)
		}
		s.Line(Warning, words)
		return nil
	}
	return tampered(errFrame)
}

// results are the types that columns of a result may have beside those of the input.
// What a script writes ends up in SQL, and so must not be just any text.
var results = []string{"", "VARCHAR", "BIGINT", "HUGEINT", "DOUBLE", "BOOLEAN", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "BLOB", "JSON"}

// typesFor returns those and the types of the input's columns.
func typesFor(columns []batch.Column) map[string]bool {
	types := make(map[string]bool)
	for _, t := range results {
		types[t] = true
	}
	for _, c := range columns {
		types[c.Type] = true
	}
	return types
}

var decimal = regexp.MustCompile(`^DECIMAL\([0-9]{1,2},[0-9]{1,2}\)$`)

func named(columns []column) []batch.Column {
	all := make([]batch.Column, len(columns))
	for i, c := range columns {
		all[i] = batch.Column{Name: c.Name, Type: c.Type}
		if c.Kind != "" {
			all[i].Kind = batch.Kind(c.Kind[0])
		}
	}
	return all
}

func tampered(cause error) error {
	return fault.Wrap(fault.Invalid, cause, "the result does not arrive: the script must not write to file descriptor 4").With("bad_result")
}

// failure puts into words what the child says has gone wrong.
func (s Script) failure(payload []byte) error {
	var e struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Line    int    `json:"line"`
		Text    string `json:"text"`
		Ran     bool   `json:"ran"` // it is no mistake in the grammar
	}
	if err := json.Unmarshal(payload, &e); err != nil {
		return tampered(err)
	}
	words := Clean(e.Message)
	switch e.Code {
	case "out_of_memory":
		return s.outOfMemory()
	case "bad_result":
		return fault.New(fault.Invalid, "%s", words).With("bad_result")
	}
	raised := fault.New(fault.Invalid, "the script failed in line %d: %s (%s)", e.Line, words, Clean(e.Text)).With("script_failed")
	if e.Line == 0 {
		raised = fault.New(fault.Invalid, "the script failed: %s", words).With("script_failed")
	}
	if e.Ran {
		return fault.Transient(raised) // who asks for retries of a script expects them of what it raises
	}
	return raised
}

func (s Script) outOfMemory() error {
	return fault.New(fault.Invalid, "the script needs more than its %s of memory: take fewer rows or columns into the node, or let it have more: that is max_memory_mb where it is set, else the memory of runs",
		humanize.IBytes(uint64(max(s.Memory, 0)))).With("out_of_memory")
}

// death puts into words why the interpreter has ended without a result.
func (s Script) death(state *os.ProcessState) error {
	status, _ := state.Sys().(syscall.WaitStatus)
	switch {
	case status.Signaled() && (status.Signal() == syscall.SIGXCPU || status.Signal() == syscall.SIGKILL && state.UserTime()+state.SystemTime() >= s.processor()):
		return fault.New(fault.Invalid, "the script used more processor time than the %s that it may", s.processor()).With("script_timeout")
	case status.Signaled() && status.Signal() == syscall.SIGKILL:
		return fault.New(fault.Invalid, "the script was killed from outside, perhaps by the system for lack of memory").With("script_died")
	case status.Signaled() && s.Interpreter.Language.Name == JavaScript.Name && (status.Signal() == syscall.SIGABRT || status.Signal() == syscall.SIGTRAP):
		return s.outOfMemory() // which is what it does then
	case status.Signaled():
		return fault.New(fault.Invalid, "the interpreter crashed (%s), perhaps for lack of memory: it may use %s", status.Signal(), humanize.IBytes(uint64(max(s.Memory, 0)))).With("script_died")
	}
	return fault.New(fault.Invalid, "the interpreter ended without a result (exit status %d)", status.ExitStatus()).With("script_died")
}

// processor returns how much time of the processor each process of the script's may
// use: whole seconds.
func (s Script) processor() time.Duration {
	if s.CPU > 0 {
		return s.CPU.Truncate(time.Second)
	}
	return s.Timeout.Truncate(time.Second) + time.Second
}
