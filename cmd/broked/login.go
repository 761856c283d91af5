package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/broked/broked/internal/auth"
)

// here is the server that is asked when none is named.
const here = "http://127.0.0.1:8080"

// anyServer returns the server that is named, was signed in to last, or may be
// here.
func (f *serverFlags) anyServer() (string, error) {
	address, err := f.address()
	if address == "" {
		address = here
	}
	return address, err
}

type loginCmd struct {
	User         string `short:"u" help:"User name; asked for when not given." placeholder:"NAME"`
	PasswordFile string `help:"File with the password. Without it the password is asked for, or read from standard input." placeholder:"FILE"`
	serverFlags
}

// Run signs in and keeps the session for commands to come.
func (c *loginCmd) Run(ctx context.Context, w world) error {
	named, err := c.anyServer()
	if err != nil {
		return err
	}
	server, err := newClient(named, "", c.Insecure)
	if err != nil {
		return err
	}
	user, password, err := c.ask(ctx, w)
	if err != nil {
		return err
	}
	var in struct {
		Token string    `json:"token"`
		User  auth.User `json:"user"`
	}
	if err := server.call(ctx, http.MethodPost, "/api/auth/login", map[string]string{"username": user, "password": password}, &in); err != nil {
		return err
	}
	all, err := readCredentials()
	if err != nil {
		return err
	}
	all.Current = server.address
	all.Servers[server.address] = signIn{User: in.User.Name, Token: in.Token, At: time.Now().UTC().Truncate(time.Second), Insecure: c.Insecure}
	if err := all.write(); err != nil {
		return err
	}
	if in.User.MustChange {
		fmt.Fprintf(w.err, "broked: the password is a temporary one: choose another at %s, and sign in again\n", server.address)
	}
	_, err = fmt.Fprintf(w.out, "signed in to %s as %q (%s)\n", server.address, in.User.Name, in.User.Role)
	return err
}

// ask returns the name and the password of whoever signs in.
func (c *loginCmd) ask(ctx context.Context, w world) (user, password string, err error) {
	in := bufio.NewReader(w.in)
	screen, fd := terminal(w.in)
	user = c.User
	switch {
	case user == "" && !screen:
		return "", "", &exitError{exitUsage, errors.New("say who signs in with --user")}
	case user == "":
		fmt.Fprint(w.err, "User name: ")
		if user, err = line(in); err != nil {
			return "", "", err
		}
	}
	switch {
	case c.PasswordFile != "":
		var text []byte
		text, err = os.ReadFile(c.PasswordFile)
		password = strings.TrimRight(string(text), "\r\n")
	case screen:
		fmt.Fprint(w.err, "Password: ")
		password, err = hidden(ctx, fd)
		fmt.Fprintln(w.err)
	default:
		password, err = line(in)
	}
	if err == nil && password == "" {
		err = &exitError{exitUsage, errors.New("there is no password: type it, give it on standard input, or name its file with --password-file")}
	}
	return user, password, err
}

// line reads a line.
func line(in *bufio.Reader) (string, error) {
	text, err := in.ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimRight(text, "\r\n"), err
}

// terminal reports whether somebody sits at in, and its descriptor.
func terminal(in io.Reader) (bool, int) {
	f, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return false, 0
	}
	return true, int(f.Fd())
}

// hidden reads a line from a terminal that does not show it, and leaves the
// terminal as it was, also when ctx ends before the line does.
func hidden(ctx context.Context, fd int) (string, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	type typed struct {
		text []byte
		err  error
	}
	done := make(chan typed, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		done <- typed{text, err}
	}()
	select {
	case t := <-done:
		return string(t.text), t.err
	case <-ctx.Done():
		return "", errors.Join(errors.New("interrupted"), term.Restore(fd, before))
	}
}

type logoutCmd struct{ serverFlags }

// Run ends the session and forgets it, also when the server cannot be told.
func (c *logoutCmd) Run(ctx context.Context, w world) error {
	named, err := c.anyServer()
	if err != nil {
		return err
	}
	u, err := serverAddress(named)
	if err != nil {
		return err
	}
	all, err := readCredentials()
	if err != nil {
		return err
	}
	in, known := all.Servers[u.String()]
	if !known {
		_, err := fmt.Fprintf(w.out, "not signed in to %s\n", u)
		return err
	}
	server, err := newClient(named, in.Token, c.Insecure || in.Insecure)
	if err != nil {
		return err
	}
	told := server.call(ctx, http.MethodPost, "/api/auth/logout", struct{}{}, nil)
	delete(all.Servers, server.address)
	if all.Current == server.address {
		all.Current = ""
	}
	if err := all.write(); err != nil {
		return err
	}
	if told != nil {
		return fmt.Errorf("forgotten here, but the session goes on until it expires: %w", told)
	}
	_, err = fmt.Fprintf(w.out, "signed out of %s\n", server.address)
	return err
}

type whoamiCmd struct {
	serverFlags
	outputFlag
}

// Run prints who the server takes the caller for.
func (c *whoamiCmd) Run(ctx context.Context, w world) error {
	named, err := c.anyServer()
	if err != nil {
		return err
	}
	server, err := c.client(named)
	if err != nil {
		return err
	}
	var me struct {
		Server   string    `json:"server"`
		ID       string    `json:"id,omitempty"`
		Username string    `json:"username"`
		Role     auth.Role `json:"role,omitempty"`
		Service  string    `json:"service_id,omitempty"`
		Open     bool      `json:"open,omitempty"`
	}
	if err := server.call(ctx, http.MethodGet, "/api/auth/me", nil, &me); err != nil {
		return err
	}
	me.Server = server.address
	return c.print(w, me, func(table io.Writer) {
		switch {
		case me.Open:
			fmt.Fprintf(table, "nobody: %s has no accounts yet and is open to this machine\n", me.Server)
		case me.Service != "":
			fmt.Fprintf(table, "%q (key of a service) at %s\n", me.Username, me.Server)
		default:
			fmt.Fprintf(table, "%q (%s) at %s\n", me.Username, me.Role, me.Server)
		}
	})
}
