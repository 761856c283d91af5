package script

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/broked/broked/internal/fault"
)

// Exchange is one execution of a program that is told something on standard input and
// answers in lines on standard output.
type Exchange struct {
	Program Program
	Args    []string
	Folder  string   // where it begins, and all that it may write: absolute
	Reads   []string // files and folders that it may read, besides its own and the system's
	Network bool     // it may make connections, to whatever the machine reaches
	Timeout time.Duration
	Memory  int64 // bytes that each of its processes may use

	// Say writes what the program is told. Its input ends when Say returns; an error of its
	// own ends the program.
	Say func(io.Writer) error
	// Hear is told each line, without its end. The line is valid during the call. An error
	// ends the program.
	Hear func(line []byte) error
	// Line is told each line of standard error.
	Line func(line string)
}

// longestLine bounds a line that an Exchange hears.
const longestLine = 64 << 20

// held waits for what is said when all bounds are set, and then becomes the program.
const held = `IFS= read -r _ <&3; exec 3<&-; exec "$@"`

// Run executes the program, shut in like a script but for the network. What Say and Hear
// return is the error, else what the program did wrong: another exit status than 0 is a transient Invalid
// fault of the code program_failed with the last lines of standard error. When Run returns
// no process of the program's is left.
func (x Exchange) Run(ctx context.Context) error {
	bash, err := Bash()
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeoutCause(ctx, x.Timeout, errSlow)
	defer stop()
	last := &ending{}
	c, err := x.start(bash, last)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "%s does not start: %s", x.Program.Path, err).With("program_failed")
	}
	defer c.close()
	defer context.AfterFunc(ctx, c.kill)()
	told := make(chan error, 1)
	go func() {
		err := x.Say(c.in)
		if !unread(err) {
			c.kill()
		}
		_ = c.in.Close()
		told <- err
	}()
	heard := x.listen(c.out)
	if heard != nil {
		c.kill()
	}
	status := c.wait()
	said := <-told
	switch {
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), errSlow):
		return fault.New(fault.Invalid, "the program took longer than %s", x.Timeout).With("program_timeout")
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !unread(said):
		return said
	case heard != nil:
		return heard
	}
	return x.verdict(status, last)
}

// listen hears every line until there is no more.
func (x Exchange) listen(out io.Reader) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(make([]byte, 0, 64<<10), longestLine)
	for lines.Scan() {
		if err := x.Hear(lines.Bytes()); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fault.New(fault.Invalid, "the program wrote a line of more than %s", humanize.IBytes(longestLine)).With("program_failed")
	}
	return nil // what cannot be read any more has ended, which its status explains
}

// start starts the program, and lets it go when it is shut in and bounded.
func (x Exchange) start(bash string, last *ending) (*child, error) {
	var ends [3][2]*os.File // the gate, its input and its output
	for i := range ends {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, errors.Join(err, closed(ends[:]))
		}
		ends[i] = [2]*os.File{r, w}
	}
	gate, in, out := ends[0], ends[1], ends[2]
	widen(in[1])
	widen(out[1])
	printed := &lines{tell: func(_ Stream, line string) { x.Line(line) }, heard: last.hear, bounds: ofCommands}
	command := func() *exec.Cmd {
		cmd := exec.Command(bash, append([]string{"--noprofile", "--norc", "-c", held, "bash", x.Program.Path}, x.Args...)...) //nolint:gosec,noctx // what it is for; killed by group
		cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TZ=UTC", "HOME=" + x.Folder, "TMPDIR=" + x.Folder}
		cmd.Dir = x.Folder
		cmd.ExtraFiles = []*os.File{gate[0]}
		cmd.Stdin, cmd.Stdout, cmd.Stderr = in[0], out[1], printed.from(Err)
		cmd.WaitDelay = time.Second // what it has left behind may hold the pipe of its errors
		return cmd
	}
	c := &child{in: in[1], out: out[0], ended: make(chan struct{})}
	cell := cell{
		reads: append(x.Reads, x.Program.Folders...), writes: []string{x.Folder}, network: x.Network,
		memory: x.Memory, reserved: 1 << 30, processor: Script{Timeout: x.Timeout}.processor(),
	}
	if err := c.launch(cell, command, printed); err != nil {
		return nil, errors.Join(err, closed(ends[:]))
	}
	_, _ = gate[1].WriteString("\n") // it may have been killed already
	_ = closed([][2]*os.File{gate, {in[0], out[1]}})
	return c, nil
}

// closed closes the ends of pipes that there are.
func closed(pipes [][2]*os.File) error {
	var failed error
	for _, pipe := range pipes {
		for _, end := range pipe {
			if end != nil {
				failed = errors.Join(failed, end.Close())
			}
		}
	}
	return failed
}

// verdict puts into words how the program has ended.
func (x Exchange) verdict(state *os.ProcessState, last *ending) error {
	status, _ := state.Sys().(syscall.WaitStatus)
	var words string
	switch {
	case status.Exited() && status.ExitStatus() == 0:
		return nil
	case status.Signaled() && status.Signal() == syscall.SIGKILL:
		words = "the program was killed, perhaps by the system for lack of memory: it may use " + humanize.IBytes(uint64(max(x.Memory, 0)))
	case status.Signaled():
		words = fmt.Sprintf("the program crashed (%s)", status.Signal())
	default:
		words = fmt.Sprintf("the program ended with exit status %d", status.ExitStatus())
	}
	if said := last.String(); said != "" {
		words = strings.Join([]string{words, said}, ": ")
	}
	return fault.Transient(fault.New(fault.Invalid, "%s", words).With("program_failed"))
}
