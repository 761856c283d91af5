package main

import (
	"context"
	"strings"
	"unicode"

	"github.com/broked/broked/internal/auth"
)

// onServer are the flags of commands that work on a running server only.
type onServer struct {
	Workspace auth.WorkspaceID `help:"Workspace to work in; your own when not given." env:"BROKED_WORKSPACE" placeholder:"ID"`
	JSON      bool             `name:"json" help:"The same as --output json."`
	serverFlags
	outputFlag
}

// connect returns a client of the server that the command works on, and settles how
// answers are printed.
func (s *onServer) connect() (*client, error) {
	if s.JSON {
		s.Output = "json"
	}
	address, err := s.anyServer()
	if err != nil {
		return nil, err
	}
	c, err := s.client(address)
	if err != nil {
		return nil, err
	}
	c.workspace = string(s.Workspace)
	return c, nil
}

// ask makes a call and returns its answer.
func ask[T any](ctx context.Context, c *client, method, path string, in any) (T, error) {
	var out T
	err := c.call(ctx, method, path, in, &out)
	return out, err
}

// plain returns text without what would steer a terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
