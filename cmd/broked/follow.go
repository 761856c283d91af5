package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/runs"
)

// logLine is a line of a run's log.
type logLine struct {
	Seq     int64     `json:"seq"`
	Run     runs.ID   `json:"run_id"`
	Node    string    `json:"node_id"`
	Level   string    `json:"level"`
	Message string    `json:"message"`
	At      time.Time `json:"timestamp"`
}

// String returns the line for a terminal.
func (l logLine) String() string {
	return fmt.Sprintf("%s [%s] [%s] %s", l.At.UTC().Format(time.RFC3339), l.Level, plain(l.Node), plain(l.Message))
}

// Exit statuses of commands that wait for a run.
const (
	exitFailed    = 3 // it failed or was blocked
	exitCancelled = 4
)

// Bounds of following a run.
const (
	maxEvent   = 16 << 20 // bytes of one event
	outOfReach = time.Minute
	pause      = time.Second // before a stream that broke off is opened again
)

// wait shows the log of a run until it has ended, and returns how as an error with an
// exit status; nil is success. A connection that breaks off is made again and goes on
// where it was; a server that is out of reach for a minute ends it.
func (c *client) wait(ctx context.Context, run runs.ID, show func(logLine) error) error {
	seen, at := time.Now(), int64(0)
	for {
		before := at
		last, err := c.step(ctx, run, &at, show)
		switch {
		case ctx.Err() != nil:
			return errors.New("interrupted; the run goes on")
		case last != nil:
			return outcome(*last)
		case err == nil:
			seen = time.Now()
		case !passing(err) || time.Since(seen) > outOfReach:
			return err
		}
		if at > before {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// step is stream for a run that may have ended with nothing more to tell.
func (c *client) step(ctx context.Context, run runs.ID, at *int64, show func(logLine) error) (*runs.Run, error) {
	before := *at
	last, err := c.stream(ctx, run, at, show)
	if err != nil || last != nil || *at > before {
		return last, err
	}
	return c.ended(ctx, run)
}

// passing reports whether a call that failed may succeed when it is made again.
func passing(err error) bool {
	e, ok := errors.AsType[*exitError](err)
	return ok && (e.status == exitUnavailable || e.status == exitLater)
}

// outcome returns how a run ended as an error with an exit status; nil is success.
func outcome(r runs.Run) error {
	said := string(r.Status)
	if r.Error != "" {
		said += ": " + plain(r.Error)
	}
	switch r.Status {
	case runs.Success:
		return nil
	case runs.Cancelled:
		return &exitError{exitCancelled, fmt.Errorf("run %s was %s", r.ID, said)}
	default:
		return &exitError{exitFailed, fmt.Errorf("run %s: %s", r.ID, said)}
	}
}

// ended returns a run when it has ended, else nil.
func (c *client) ended(ctx context.Context, run runs.ID) (*runs.Run, error) {
	r, err := ask[runs.Run](ctx, c, http.MethodGet, runPath(run), nil)
	if err != nil || !r.Status.Final() {
		return nil, err
	}
	return &r, nil
}

// stream shows the log lines of a run after the event numbered at, which it moves on,
// and returns the run when it has ended; nil when the stream ends before.
func (c *client) stream(ctx context.Context, run runs.ID, at *int64, show func(logLine) error) (*runs.Run, error) {
	req, err := c.request(ctx, http.MethodGet, runPath(run)+"/events", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Last-Event-ID", strconv.FormatInt(*at, 10))
	endless := *c.http
	endless.Timeout = 0
	res, err := endless.Do(req)
	if err != nil {
		return nil, &exitError{exitUnavailable, fmt.Errorf("%s cannot be reached: %w", c.address, cause(err))}
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(res.Body, maxEvent))
		if err != nil {
			return nil, &exitError{exitUnavailable, err}
		}
		return nil, c.refusal(res, text)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		text, is := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !is {
			continue
		}
		var e runs.Event
		if err := json.Unmarshal(text, &e); err != nil {
			return nil, c.stranger(res)
		}
		*at = e.Seq
		if e.Ends() {
			return &runs.Run{ID: run, Status: runs.Status(e.Status), Error: e.Error}, nil
		}
		if e.Type != job.Log {
			continue
		}
		if err := show(logLine{Seq: e.Seq, Run: run, Node: e.Node, Level: e.Level, Message: e.Message, At: e.At}); err != nil {
			return nil, err
		}
	}
	return nil, nil
}
