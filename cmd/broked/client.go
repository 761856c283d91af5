package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/broked/broked/internal/fault"
)

// Bounds of one request.
const (
	answerTimeout = 30 * time.Second
	maxAnswer     = 32 << 20 // bytes
)

// client speaks to a server. It trusts the certificates that the system trusts,
// or those that SSL_CERT_FILE names.
type client struct {
	address string // without a slash at the end
	// credential is a token or a key; without one the server decides what is open.
	credential string
	workspace  string // "" leaves it to the server
	http       *http.Client
}

// newClient returns a client of the server at an address. Unless insecure, what
// is secret goes to another machine only by TLS.
func newClient(address, credential string, insecure bool) (*client, error) {
	u, err := serverAddress(address)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) && !insecure {
		return nil, &exitError{exitUsage, fmt.Errorf("%s is another machine, and without https everybody in between can read passwords and keys: use https, or say --insecure", u)}
	}
	return &client{
		address: u.String(), credential: credential,
		http: &http.Client{
			Timeout: answerTimeout,
			// A credential is for the server that was named and no other.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// serverAddress returns an address in the one form in which it is kept.
func serverAddress(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, &exitError{exitUsage, errors.New("the server must be an address such as https://pipelines.example.org")}
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host), Path: strings.TrimRight(u.Path, "/")}, nil
}

func loopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().IsLoopback()
	}
	return host == "localhost"
}

// call makes a call of the API. In is its body and out what the answer is read
// into; either may be nil. An answer that is an error is one in the words of the
// server, with an exit status of its own.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	req, err := c.request(ctx, method, path, in)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return &exitError{exitUnavailable, fmt.Errorf("%s cannot be reached: %w", c.address, cause(err))}
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case err != nil:
		return &exitError{exitUnavailable, fmt.Errorf("the answer of %s breaks off: %w", c.address, err)}
	case res.StatusCode < 200 || res.StatusCode > 299:
		return c.refusal(res, text)
	case out == nil || len(text) == 0:
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return c.stranger(res)
	}
	return nil
}

func (c *client) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.address+path, &body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "broked/"+version)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.workspace != "" {
		req.Header.Set("X-Workspace-ID", c.workspace)
	}
	if c.credential != "" {
		req.Header.Set("Authorization", "Bearer "+c.credential)
	}
	return req, nil
}

// cause returns what went wrong with a request, without its address, which is
// told anyway.
func cause(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// refusal returns what an answer that is an error says, and what to do.
func (c *client) refusal(res *http.Response, text []byte) error {
	var said struct {
		Error    string          `json:"error"`
		Code     string          `json:"code"`
		Problems []fault.Problem `json:"problems"`
	}
	if json.Unmarshal(text, &said) != nil || said.Error == "" {
		return c.stranger(res)
	}
	f := &fault.Error{Kind: fault.Invalid, Code: said.Code, Msg: said.Error, Problems: said.Problems}
	switch res.StatusCode {
	case http.StatusUnauthorized:
		if said.Code != "invalid_credentials" {
			f.Msg += " (broked login --server " + c.address + ")"
		}
		return &exitError{exitDenied, f}
	case http.StatusForbidden:
		return &exitError{exitDenied, f}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if wait := res.Header.Get("Retry-After"); wait != "" {
			f.Msg += "; try again in " + wait + " s"
		}
		return &exitError{exitLater, f}
	}
	return f
}

// stranger says that an answer is not one of ours.
func (c *client) stranger(res *http.Response) error {
	if to := res.Header.Get("Location"); to != "" {
		return &exitError{exitUnavailable, fmt.Errorf("%s sends elsewhere, to %s: name that address", c.address, to)}
	}
	return &exitError{exitUnavailable, fmt.Errorf("%s answers %s, and not as a server of broked does", c.address, res.Status)}
}
