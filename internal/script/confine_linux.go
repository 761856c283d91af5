package script

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"time"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// Bounds of a script beside its memory and its time.
const (
	largestFile = 256 << 20
	openFiles   = 256
)

// landlockHere returns the version of Landlock's interface, 0 when there is none.
func landlockHere() int {
	version, err := ll.LandlockGetABIVersion()
	if err != nil {
		return 0
	}
	return max(version, 0)
}

func machineHere() machine {
	m := machine{landlock: landlockHere(), root: os.Geteuid() == 0}
	cmd := exec.Command("/bin/true") //nolint:noctx // ends at once
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: apart}
	m.namespaces = cmd.Run()
	return m
}

// apart are the namespaces that a script gets.
const apart = syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC

// confined starts a command so that it reaches what its cell has, and nothing else. The calling goroutine must wait for the
// process and then end: its thread is shut in, too, and takes the process with it
// when it ends.
func confined(c cell, command func() *exec.Cmd) (*exec.Cmd, error) {
	runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
	if err := shutIn(c); err != nil {
		return nil, err
	}
	cmd, err := startAlone(c, command)
	if err != nil {
		return nil, err
	}
	if err := bound(c, cmd.Process.Pid); err != nil {
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	return cmd, nil
}

// startAlone starts a command with processes, channels and, unless its cell has that of
// the machine, a network of its own,
// where the system lets everybody have that; its processes all end with the first.
// Elsewhere it is a group of processes like any other.
func startAlone(c cell, command func() *exec.Cmd) (*exec.Cmd, error) {
	cmd, namespaces := command(), uintptr(apart)
	if c.network {
		namespaces &^= syscall.CLONE_NEWNET
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid: true, Pdeathsig: syscall.SIGKILL,
		Cloneflags: namespaces,
	}
	if err := cmd.Start(); err == nil {
		return cmd, nil
	}
	cmd = command()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return cmd, cmd.Start()
}

// widen lets a pipe hold a frame, so that its ends wait less for each other.
func widen(pipe *os.File) {
	if conn, err := pipe.SyscallConn(); err == nil { // Fd would make it block for ever
		_ = conn.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 1<<20) })
	}
}

// knowledge is what a version of Landlock knows: rights to files, to TCP, and what
// may be reached outside.
type knowledge struct {
	version            int
	files, tcp, scopes uint64
}

var rights = []knowledge{
	{6, 1<<16 - 1, ll.AccessNetBindTCP | ll.AccessNetConnectTCP, ll.ScopeAbstractUnixSocket | ll.ScopeSignal},
	{5, 1<<16 - 1, ll.AccessNetBindTCP | ll.AccessNetConnectTCP, 0},
	{4, 1<<15 - 1, ll.AccessNetBindTCP | ll.AccessNetConnectTCP, 0},
	{3, 1<<15 - 1, 0, 0},
	{2, 1<<14 - 1, 0, 0},
	{1, 1<<13 - 1, 0, 0},
}

const (
	reading = ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSReadDir
	ofFiles = ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSWriteFile | ll.AccessFSTruncate
)

// shutIn applies Landlock to this thread, and so to what it starts. Where the
// kernel has none, there is nothing to do.
func shutIn(c cell) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up privileges: %w", err)
	}
	version := landlockHere()
	if version == 0 {
		return nil
	}
	known := rights[slices.IndexFunc(rights, func(k knowledge) bool { return k.version <= version })]
	if c.network {
		known.tcp &^= ll.AccessNetConnectTCP
	}
	set, err := ll.LandlockCreateRuleset(&ll.RulesetAttr{HandledAccessFS: known.files, HandledAccessNet: known.tcp, Scoped: known.scopes}, 0)
	if err != nil {
		return fmt.Errorf("shut a script in: %w", err)
	}
	defer func() { _ = unix.Close(set) }()
	for _, path := range slices.Concat(System(), c.reads, []string{"/dev/urandom"}) {
		if err := allow(set, path, reading); err != nil {
			return err
		}
	}
	writing := known.files &^ (ll.AccessFSExecute | ll.AccessFSMakeBlock | ll.AccessFSMakeChar | ll.AccessFSIoctlDev)
	for _, path := range append(c.writes, "/dev/null") {
		if err := allow(set, path, writing); err != nil {
			return err
		}
	}
	if err := ll.LandlockRestrictSelf(set, 0); err != nil {
		return fmt.Errorf("shut a script in: %w", err)
	}
	return nil
}

// allow adds a path to a set of rules. One that is not there needs no rule.
func allow(set int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("shut a script in: %s: %w", path, err)
	}
	defer func() { _ = unix.Close(fd) }()
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return fmt.Errorf("shut a script in: %s: %w", path, err)
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= ofFiles
	}
	if err := ll.LandlockAddPathBeneathRule(set, &ll.PathBeneathAttr{AllowedAccess: access, ParentFd: fd}, 0); err != nil {
		return fmt.Errorf("shut a script in: %s: %w", path, err)
	}
	return nil
}

// bound sets the limits of a process that waits for its job.
func bound(c cell, pid int) error {
	memory, seconds := uint64(max(c.memory, 64<<20)), uint64(c.processor/time.Second) //nolint:gosec // positive
	for what, limit := range map[int]unix.Rlimit{
		unix.RLIMIT_DATA:   same(memory),
		unix.RLIMIT_AS:     same(memory + c.reserved),        // libraries map what they never touch
		unix.RLIMIT_CPU:    {Cur: seconds, Max: seconds + 1}, // the first of a namespace is not told, and killed at the second
		unix.RLIMIT_FSIZE:  same(largestFile),
		unix.RLIMIT_NOFILE: same(openFiles),
		unix.RLIMIT_NPROC:  same(processes),
		unix.RLIMIT_CORE:   same(0),
	} {
		if err := unix.Prlimit(pid, what, &limit, nil); err != nil {
			return fmt.Errorf("bound a script: %w", err)
		}
	}
	return nil
}

func same(limit uint64) unix.Rlimit { return unix.Rlimit{Cur: limit, Max: limit} }
