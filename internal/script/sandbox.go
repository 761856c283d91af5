package script

import (
	"fmt"

	"github.com/broked/broked/internal/fault"
)

// Level is how much of what shuts scripts in this machine has.
type Level string

// The levels.
const (
	Full    Level = "full"
	Partial Level = "partial"
	None    Level = "none" // scripts are refused
)

// Sandbox is what shuts scripts in on this machine.
type Sandbox struct {
	Level Level  `json:"level" doc:"full, partial, or none: then scripts are refused"`
	Parts []Part `json:"parts"`
}

// Part is one thing that shuts scripts in.
type Part struct {
	Name   string `json:"name" doc:"landlock, namespaces, limits or account"`
	Holds  bool   `json:"holds"`
	Detail string `json:"detail" doc:"What it does here"`
	Remedy string `json:"remedy,omitempty" doc:"What to do where it does not hold"`
}

// processes is how many of them a script may have.
const processes = 64

// machine is what a machine has to shut scripts in.
type machine struct {
	landlock   int   // the version of its interface; 0 is none
	namespaces error // why processes get no namespaces of their own; nil when they do
	root       bool  // scripts run as root, whose processes the kernel does not count
}

// Inspect tells what shuts scripts in on this machine. It starts a process.
func Inspect() Sandbox { return machineHere().sandbox() }

// Refused returns a fault when nothing shuts scripts in here, so that none may run.
func Refused() error {
	m := machine{landlock: landlockHere()}
	if m.landlock == 0 { // else there is no need to start a process
		m = machineHere()
	}
	if m.sandbox().Level != None {
		return nil
	}
	return fault.New(fault.Invalid, "scripts are refused on this machine, because nothing would shut them in: it needs a kernel with Landlock, or user namespaces").With("no_sandbox")
}

// CommandsRefused returns a fault when nothing here keeps commands, which are let into
// the folders of pipelines, from the server's own files in them.
func CommandsRefused() error {
	if landlockHere() > 0 {
		return nil
	}
	return fault.New(fault.Invalid, "commands are refused on this machine, because nothing would keep them from the server's own files: it needs a kernel with Landlock").With("no_sandbox")
}

func (m machine) sandbox() Sandbox {
	s := Sandbox{Level: Full, Parts: []Part{m.landlocked(), m.alone(), {
		Name: "limits", Holds: true, Detail: "memory, processor time, file sizes, open files and core files are bounded",
	}, m.account()}}
	for _, p := range s.Parts {
		if !p.Holds {
			s.Level = Partial
		}
	}
	if m.landlock == 0 && m.namespaces != nil {
		s.Level = None
	}
	return s
}

// The versions of Landlock that know more.
const (
	landlockTCP     = 4
	landlockSignals = 6
)

func (m machine) landlocked() Part {
	p := Part{Name: "landlock", Holds: m.landlock >= landlockTCP}
	switch {
	case m.landlock == 0:
		p.Detail = "the kernel has no Landlock: files are open to scripts as they are to the server's account"
		p.Remedy = "run Linux 5.13 or newer (best 6.12) with landlock among its security modules: lsm=...,landlock"
	case m.landlock < landlockTCP:
		p.Detail = fmt.Sprintf("Landlock %d: files are shut off, TCP is not", m.landlock)
		p.Remedy = "run Linux 6.7 or newer"
	case m.landlock < landlockSignals:
		p.Detail = fmt.Sprintf("Landlock %d: files and TCP are shut off; signals are where there are namespaces", m.landlock)
	default:
		p.Detail = fmt.Sprintf("Landlock %d: files, TCP and signals are shut off", m.landlock)
	}
	return p
}

func (m machine) alone() Part {
	if m.namespaces == nil {
		return Part{Name: "namespaces", Holds: true, Detail: "no network at all, no sight of other processes, and all processes of a script end with it"}
	}
	return Part{
		Name: "namespaces", Detail: "a script gets no namespaces of its own (" + m.namespaces.Error() + "): UDP and other processes are not shut off",
		Remedy: "let the server's account make user namespaces: sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, or a container profile that allows them",
	}
}

func (m machine) account() Part {
	if !m.root {
		return Part{Name: "account", Holds: true, Detail: fmt.Sprintf("an ordinary account: a script has %d processes at most", processes)}
	}
	return Part{Name: "account", Detail: "the server runs as root: the number of a script's processes is not bounded", Remedy: "run the server by an account of its own"}
}
