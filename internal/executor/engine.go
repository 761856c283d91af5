package executor

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/job"
)

// maxMessage bounds one line from an engine: a preview is the longest, and is
// capped by its sender far below this.
const maxMessage = 16 << 20

// keptErrors is how much of an engine's standard error is kept for the reason of
// its death.
const keptErrors = 8 << 10

// process is an engine process: it takes a job, tells what happens, and ends, unless it
// may take another one.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	writes sync.Mutex // of lines to stdin
	lines  *bufio.Scanner
	errors *tail
	link   string // leads to the folder of its run; "" when it has none
	once   sync.Once
}

// start begins an engine process and waits until it says that it is ready.
// Command is the program with its arguments.
func start(ctx context.Context, command []string) (*process, error) {
	cmd := exec.Command(command[0], command[1:]...) //nolint:gosec,noctx // our own program; it outlives the call and is killed by group
	cmd.Env = []string{}                            // nothing of ours is for the engine: not even PATH
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &process{cmd: cmd, errors: &tail{}}
	cmd.Stderr = p.errors
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start engine: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start engine: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start engine: %w", err)
	}
	p.stdin, p.lines = stdin, bufio.NewScanner(stdout)
	p.lines.Buffer(make([]byte, 0, 64<<10), maxMessage)
	stop := context.AfterFunc(ctx, p.kill)
	defer stop()
	m, err := p.next()
	if err != nil || m.Type != job.Ready {
		p.kill()
		return nil, fmt.Errorf("start engine: it does not get ready: %w (%s)", p.wait(), p.errors)
	}
	return p, nil
}

// next returns the next message, or io.EOF when the engine says no more.
func (p *process) next() (job.Message, error) {
	var m job.Message
	if !p.lines.Scan() {
		if err := p.lines.Err(); err != nil {
			return m, err
		}
		return m, io.EOF
	}
	if err := json.Unmarshal(p.lines.Bytes(), &m); err != nil {
		return m, fmt.Errorf("the engine says what is no message: %w", err)
	}
	return m, nil
}

// kill ends the process and everything that it started.
func (p *process) kill() {
	p.once.Do(func() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) })
}

func (p *process) wait() error { return p.cmd.Wait() }

// stays ends the process unless it may stay and nobody has begun to kill it, which stop
// prevents from now on. It reports whether it does.
func (p *process) stays(may bool, stop func() bool) bool {
	if untouched := stop(); untouched && may {
		return true
	}
	p.end()
	return false
}

// end kills the process, waits until it is gone and removes its link.
func (p *process) end() {
	p.kill()
	_ = p.wait()
	if p.link != "" {
		_ = os.Remove(p.link)
	}
}

// memory returns how many bytes of memory the process has.
func (p *process) memory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var size, resident int64
	_, err = fmt.Sscan(string(text), &size, &resident)
	return resident * int64(os.Getpagesize()), err
}

// Ear is who listens to an engine.
type Ear interface {
	// Hear is told every message but questions and the last one, in order. An error
	// ends the engine.
	Hear(m job.Message) error
	// Answer replies to a question. Several may be asked at once, and more be heard
	// meanwhile. The context ends with the run.
	Answer(ctx context.Context, q job.Question) job.Reply
}

// run gives the engine its job and hands every message to ear, until the
// engine says that it has finished, or that it declines. When ctx ends first, the engine is killed
// and the error is ctx's. An engine that ends without a word is a failure whose
// reason is put in words as well as its end tells. Unless the engine may serve another
// run, it has ended with all its children.
func (p *process) run(ctx context.Context, j job.Job, ear Ear) (last job.Message, err error) {
	stop := context.AfterFunc(ctx, p.kill)
	answering, hush := context.WithCancel(ctx)
	var answers sync.WaitGroup
	defer answers.Wait()
	defer hush()
	defer func() { last.Again = p.stays(err == nil && last.Again, stop) }()
	if err := p.tell(j); err != nil {
		return job.Message{}, p.death(ctx, j)
	}
	for {
		m, err := p.next()
		switch {
		case ctx.Err() != nil:
			return m, ctx.Err()
		case errors.Is(err, io.EOF):
			return m, p.death(ctx, j)
		case err != nil:
			return m, err
		case m.Type == job.Finished, m.Type == job.Declined:
			return m, nil
		case m.Type == job.Ask && m.Question != nil:
			answers.Go(func() { _ = p.tell(ear.Answer(answering, *m.Question)) }) // an engine that is gone needs no answer
			continue
		}
		if err := ear.Hear(m); err != nil {
			return m, err
		}
	}
}

// tell writes a line to the engine.
func (p *process) tell(line any) error {
	p.writes.Lock()
	defer p.writes.Unlock()
	return json.NewEncoder(p.stdin).Encode(line)
}

// death puts into words why the engine is gone.
func (p *process) death(ctx context.Context, j job.Job) error {
	_ = p.wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	status, _ := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	limit := j.Limits.Memory >> 20
	switch {
	case p.errors.has("out of memory"), p.errors.has("cannot allocate memory"), p.errors.has("bad_alloc"):
		return fault.New(fault.Invalid, "the engine ran out of memory (the run may use %d MB): give runs more memory with --run-memory, or let the pipeline handle less at once", limit).With("out_of_memory")
	case status.Signaled() && status.Signal() == syscall.SIGKILL:
		return fault.New(fault.Invalid, "the engine was killed from outside (signal 9), perhaps by the system for lack of memory: look at the system's log, then run again").With("engine_killed")
	case status.Signaled():
		return fault.New(fault.Invalid, "the engine crashed (%s): the server is unharmed; run again, and report it if it stays", status.Signal()).With("engine_crashed")
	}
	return fault.New(fault.Invalid, "the engine ended without finishing (exit status %d)", status.ExitStatus()).With("engine_crashed")
}

// tail keeps the last bytes that are written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - keptErrors; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(b), nil
}

// String implements fmt.Stringer.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

func (t *tail) has(words string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return containsFold(t.text, words)
}

// Command returns the command line that starts an engine of this same program,
// whose run may use memory bytes. It gets the flags as well.
func Command(memory int64, flags ...string) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find our own program: %w", err)
	}
	return append([]string{self, "engine", fmt.Sprintf("--memory=%d", memory>>20)}, flags...), nil
}
