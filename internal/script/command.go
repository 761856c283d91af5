package script

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/broked/broked/internal/fault"
)

// Command is one execution of a command by bash, with pipefail.
type Command struct {
	Text      string
	Args      []string // its $1, $2 and so on
	Folder    string   // in which it begins: absolute
	Temp      string   // its home, for what it needs for a while: absolute
	Grounds   []string // files and folders that it may read and write besides
	Reads     []string // files and folders that it may read and run programs from, besides the system's
	Variables []string // of its environment, as name=value
	Network   bool     // it may make connections, to whatever the machine reaches
	Timeout   time.Duration
	CPU       time.Duration // of the processor that each of its processes may use; 0 is as much as Timeout
	Memory    int64         // bytes that each of its processes may use

	// Line is told each line that the command prints, one at a time.
	Line func(Stream, string)
}

// patience is how long a command may take to end when it is told to.
const patience = 5 * time.Second

// gated waits for what is said when all bounds are set, then has another bash
// execute the command: the first process of a namespace does not hear signals. What
// it says itself about the end of the other is dropped.
const gated = `IFS= read -r _ <&3; exec 3<&- 4>&2 2>/dev/null; "$BASH" --noprofile --norc -o pipefail -c "$1" bash "${@:2}" 2>&4 4>&-; exit $?`

// Bash returns where bash is. A machine without it is an Invalid fault.
func Bash() (string, error) {
	for _, place := range places {
		if path := filepath.Join(place, "bash"); isProgram(path) {
			return path, nil
		}
	}
	return "", fault.New(fault.Invalid, "there is no bash on this machine (looked in %s): install it", strings.Join(places, ", ")).With("bash_missing")
}

// Run executes the command, shut in like a script but for its grounds and, with Network, the
// network. Another exit
// status than 0 is a transient Invalid fault with the last lines of standard error.
// When ctx or the time ends, the command is told to end, and killed if it does not.
// When Run returns no process of the command's is left.
func (c Command) Run(ctx context.Context) error {
	bash, err := Bash()
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeoutCause(ctx, c.Timeout, errSlow)
	defer stop()
	last := &ending{}
	process, err := c.start(bash, last)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the command does not start: %s", err).With("command_failed")
	}
	defer process.kill()
	select {
	case <-process.ended:
	case <-ctx.Done():
		_ = syscall.Kill(-process.pid, syscall.SIGTERM)
		select {
		case <-process.ended:
		case <-time.After(patience):
			process.kill()
			<-process.ended
		}
	}
	switch {
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), errSlow):
		return fault.New(fault.Invalid, "the command took longer than %s: raise its timeout, or let it do less", c.Timeout).With("command_timeout")
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return c.verdict(process.status, last)
}

// start starts bash, and lets it go when it is shut in and bounded.
func (c Command) start(bash string, last *ending) (*child, error) {
	gate, open, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = gate.Close() }()
	defer func() { _ = open.Close() }()
	printed := &lines{tell: c.Line, heard: last.hear, bounds: ofCommands}
	command := func() *exec.Cmd {
		cmd := exec.Command(bash, append([]string{"--noprofile", "--norc", "-c", gated, "bash", c.Text}, c.Args...)...) //nolint:gosec,noctx // what the node is for; ended by group
		cmd.Env = slices.Concat([]string{
			"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC", "HOME=" + c.Temp, "TMPDIR=" + c.Temp,
		}, c.Variables)
		cmd.Dir = c.Folder
		cmd.ExtraFiles = []*os.File{gate}
		cmd.Stdout, cmd.Stderr = printed.from(Out), printed.from(Err)
		cmd.WaitDelay = time.Second // what it has left behind may hold the pipes of what is printed
		return cmd
	}
	process := &child{ended: make(chan struct{})}
	in := cell{
		reads: c.Reads, writes: append(slices.Clone(c.Grounds), c.Temp), network: c.Network,
		memory: c.Memory, reserved: 1 << 30, processor: c.processor(),
	}
	if err := process.launch(in, command, printed); err != nil {
		return nil, err
	}
	_, _ = open.WriteString("\n") // bash may have been killed already
	return process, nil
}

func (c Command) processor() time.Duration { return Script{Timeout: c.Timeout, CPU: c.CPU}.processor() }

// verdict puts into words how the command has ended.
func (c Command) verdict(state *os.ProcessState, last *ending) error {
	status, _ := state.Sys().(syscall.WaitStatus)
	if status.Exited() && status.ExitStatus() == 0 {
		return nil
	}
	words := fmt.Sprintf("the command ended with exit status %d", status.ExitStatus())
	killed := syscall.Signal(0)
	if status.Signaled() {
		killed = status.Signal()
	} else if code := status.ExitStatus(); code > 128 {
		killed = syscall.Signal(code - 128)
	}
	switch killed { //nolint:exhaustive // the others have no words of their own
	case syscall.SIGXCPU:
		return fault.New(fault.Invalid, "the command used more processor time than the %s that it may", c.processor()).With("command_timeout")
	case syscall.SIGKILL:
		words = "the command was killed, perhaps by the system for lack of memory: each of its processes may use " + humanize.IBytes(uint64(max(c.Memory, 0)))
	}
	if said := last.String(); said != "" {
		words += ": " + said
	}
	return fault.Transient(fault.New(fault.Invalid, "%s", words).With("command_failed"))
}

// ending keeps the last lines of standard error.
type ending struct{ lines []string }

const (
	lastLines = 5
	lastBytes = 400 // of each
)

func (e *ending) hear(from Stream, line string) {
	if from != Err || strings.TrimSpace(line) == "" {
		return
	}
	if len(line) > lastBytes {
		line = strings.ToValidUTF8(line[:lastBytes], "") + " …"
	}
	e.lines = append(e.lines, line)
	if len(e.lines) > lastLines {
		e.lines = e.lines[1:]
	}
}

// String implements fmt.Stringer.
func (e *ending) String() string { return strings.Join(e.lines, " / ") }
