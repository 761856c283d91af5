package connections

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/batch"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases"
	"github.com/broked/broked/internal/databases/servers"
	"github.com/broked/broked/internal/databases/sqlite"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// tryTimeout is how long a test of a connection takes at most.
const tryTimeout = 10 * time.Second

// Trial is what came of a test of a connection.
type Trial struct {
	Success bool   `json:"success"`
	Message string `json:"message,omitempty" doc:"What was reached"`
	Error   string `json:"error,omitempty" doc:"What is wrong, in words for people"`
	Failed  string `json:"failed,omitempty" enum:"name,refused,timeout,blocked,tls,login,database,permission,bucket,file,host_key,secret,other" doc:"What failed"`
	Driver  string `json:"driver,omitempty" doc:"What spoke to the other system"`
	Millis  int64  `json:"duration_ms"`
}

// failures says what failed, by the codes of faults.
var failures = map[string]string{
	"host_not_found": "name", "connection_failed": "refused", "timed_out": "timeout", "ssrf_blocked": "blocked", "tls_failed": "tls",
	"login_failed": "login", "database_not_found": "database", "bucket_not_found": "bucket", "host_key_differs": "host_key", "file_not_found": "file", "connection_lost": "refused", "permission_denied": "permission", "bad_file": "file", "outside_roots": "file",
	"no_such_file": "file", "secret_missing": "secret", "secret_unreadable": "secret", "no_encryption_key": "secret",
}

// Try tests a connection in the way in which runs use it, for ten seconds at most. What
// fails there is no error, but told.
func (s *Service) Try(ctx context.Context, name string) (Trial, error) {
	kept, err := s.Store.Connection(ctx, name)
	if err != nil {
		return Trial{}, err
	}
	return s.try(ctx, kept)
}

// TryDraft tests a connection before it is saved. A draft with the name of one that is
// there has its secrets, if it leads to the same place.
func (s *Service) TryDraft(ctx context.Context, d Draft) (Trial, error) {
	var kept Stored
	if d.Name != nil {
		old, err := s.Store.Connection(ctx, strings.ToLower(strings.TrimSpace(*d.Name)))
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return Trial{}, err
		}
		if err == nil {
			kept = old
		}
	}
	if kept.ID == "" {
		kept.ID, kept.Workspace = "draft", auth.HomeFrom(ctx)
		c, t, err := d.onto(kept.Connection)
		if err != nil {
			return Trial{}, err
		}
		kept.Connection = c
		if err := s.keep(&kept, d, t); err != nil {
			return Trial{}, err
		}
		return s.try(ctx, kept)
	}
	changed, err := s.changed(kept, d)
	if err != nil {
		return Trial{}, err
	}
	return s.try(ctx, changed)
}

func (s *Service) try(ctx context.Context, kept Stored) (Trial, error) {
	start := time.Now()
	bounded, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	c, err := s.open(bounded, kept)
	told := Trial{}
	if err == nil {
		told.Driver, told.Message, err = s.reach(bounded, c)
	}
	if ctx.Err() != nil {
		return Trial{}, ctx.Err()
	}
	if told.Millis = time.Since(start).Milliseconds(); err == nil {
		told.Success = true
	} else {
		told.Message, told.Error, told.Failed = "", outbound.Said(wordsOf(bounded, err), c.Secrets()...), "other"
		if what := failures[fault.CodeOf(err)]; what != "" {
			told.Failed = what
		} else if bounded.Err() != nil {
			told.Failed = "timeout"
		}
	}
	outcome := auth.Success
	if !told.Success {
		outcome = auth.Failure
	}
	return told, s.Store.Note(ctx, auth.AuditEvent{
		Event: "connection_tested", Target: kept.Name, Outcome: outcome, Details: map[string]any{"type": kept.Type, "failed": told.Failed},
	})
}

func wordsOf(ctx context.Context, err error) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "there was no answer within 10 seconds"
	}
	return fault.MessageOf(err)
}

// reach does what a run would do first, and says with what, and what was found.
func (s *Service) reach(ctx context.Context, c connection.Connection) (driver, found string, err error) {
	switch c.Type {
	case connection.SQLite:
		found, err = s.reachFile(ctx, c)
		return "sqlite", found, err
	case connection.HTTP:
		found, err = s.reachHTTP(ctx, c)
		return "http", found, err
	case connection.SMTP:
		found, err = s.reachMail(ctx, c)
		return "smtp", found, err
	case connection.Slack:
		found, err = s.reachChat(ctx, c)
		return "https", found, err
	case connection.Generic:
		found, err = s.reachAny(ctx, c)
		return "tcp", found, err
	}
	if slices.Contains(connection.Storage, c.Type) {
		return s.reachFiles(ctx, c)
	}
	return c.Type, "The database answers a query", servers.Try(ctx, c, s.Out())
}

func (s *Service) reachFile(ctx context.Context, c connection.Connection) (string, error) {
	found, err := s.Roots().Read(c.Host)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "%s", fault.MessageOf(err)).With("bad_file")
	}
	if len(found) != 1 {
		return "", fault.New(fault.Invalid, "it names %d files, and a database is one", len(found)).With("bad_file")
	}
	if err := sqlite.Check(found[0]); err != nil {
		return "", err
	}
	err = sqlite.File{Path: found[0]}.Read(ctx, databases.Query{Text: "SELECT count(*) FROM sqlite_master"}, func(batch.Batch) error { return nil })
	return "The file is a database", err
}
