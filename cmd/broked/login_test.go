package main

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// pseudoTerminal returns the two ends of a terminal: who sits at it, and what a
// program sees.
func pseudoTerminal(t *testing.T) (person, screen *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { _ = person.Close() })
	var number, locked uint32
	control(t, person, syscall.TIOCSPTLCK, unsafe.Pointer(&locked))
	control(t, person, syscall.TIOCGPTN, unsafe.Pointer(&number))
	screen, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	must(t, err)
	t.Cleanup(func() { _ = screen.Close() })
	return person, screen
}

func control(t *testing.T, f *os.File, request uintptr, argument unsafe.Pointer) {
	t.Helper()
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(argument)); errno != 0 {
		t.Fatal(errno)
	}
}

// echoes reports whether a terminal shows what is typed.
func echoes(t *testing.T, f *os.File) bool {
	t.Helper()
	var settings syscall.Termios
	control(t, f, syscall.TCGETS, unsafe.Pointer(&settings))
	return settings.Lflag&syscall.ECHO != 0
}

// awaitEcho waits until a terminal shows what is typed, or does not.
func awaitEcho(t *testing.T, f *os.File, want bool) {
	t.Helper()
	look, timeout := time.NewTicker(time.Millisecond), time.After(soon)
	defer look.Stop()
	for echoes(t, f) != want {
		select {
		case <-look.C:
		case <-timeout:
			t.Fatalf("the terminal does not become echo %v", want)
		}
	}
}

// shown collects what appears on a terminal.
type shown struct {
	sync.Mutex
	text bytes.Buffer
}

func (s *shown) Write(b []byte) (int, error) {
	s.Lock()
	defer s.Unlock()
	return s.text.Write(b)
}

func (s *shown) String() string {
	s.Lock()
	defer s.Unlock()
	return s.text.String()
}

func TestThePasswordIsNotShown(t *testing.T) {
	t.Parallel()
	s := withRoot(t, t.TempDir())
	person, screen := pseudoTerminal(t)
	var seen shown
	go func() { _, _ = io.Copy(&seen, person) }()
	cmd := program(t.Context(), t.TempDir(), "login", "--server", s.url)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = screen, screen, screen
	must(t, cmd.Start())
	_, err := person.WriteString("root\n")
	must(t, err)
	awaitEcho(t, screen, false)
	_, err = person.WriteString("secure-password\n")
	must(t, err)
	if err := cmd.Wait(); err != nil {
		t.Errorf("login ends with %v: %s", err, seen.String())
	}
	awaitEcho(t, screen, true)
	if text := seen.String(); strings.Contains(text, "secure") || !strings.Contains(text, "User name: ") || !strings.Contains(text, "Password: ") {
		t.Errorf("the terminal shows %q", text)
	}
}

// TestTheTerminalIsLeftAsItWas interrupts a sign-in while it waits for the
// password.
func TestTheTerminalIsLeftAsItWas(t *testing.T) {
	t.Parallel()
	person, screen := pseudoTerminal(t)
	go func() { _, _ = io.Copy(io.Discard, person) }()
	cmd := program(t.Context(), t.TempDir(), "login", "--user", "root")
	cmd.Stdin = screen
	must(t, cmd.Start())
	awaitEcho(t, screen, false)
	must(t, cmd.Process.Signal(os.Interrupt))
	if err := cmd.Wait(); exitStatus(err) != 1 {
		t.Errorf("login ends with %v", err)
	}
	if !echoes(t, screen) {
		t.Error("the terminal does not show what is typed")
	}
}
