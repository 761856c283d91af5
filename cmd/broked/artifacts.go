package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/artifacts"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/retention"
	"github.com/broked/broked/internal/store"
)

// artifactFlags say where the rows of runs are kept besides the data folder.
type artifactFlags struct {
	Artifacts            string `help:"Where rows of runs are kept so that other machines can go on with them: a folder that all have, or s3://BUCKET/PREFIX?endpoint=URL; only in the data folder when not given." env:"BROKOLI_ARTIFACTS" placeholder:"PLACE"`
	ArtifactsCredentials string `help:"File with the credentials for s3://, as the tools of AWS write it; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY count before it." env:"AWS_SHARED_CREDENTIALS_FILE" placeholder:"FILE"`

	S3KeyID   string `name:"s3-key-id" hidden:"" env:"AWS_ACCESS_KEY_ID"`
	S3Secret  string `name:"s3-secret" hidden:"" env:"AWS_SECRET_ACCESS_KEY"`
	S3Session string `name:"s3-session" hidden:"" env:"AWS_SESSION_TOKEN"`
	S3Profile string `name:"s3-profile" hidden:"" env:"AWS_PROFILE"`
	S3Region  string `name:"s3-region" hidden:"" env:"AWS_REGION"`
}

// place returns where that is; the zero Where when it is nowhere.
func (f artifactFlags) place() (artifacts.Where, error) {
	if f.Artifacts == "" {
		return artifacts.Where{}, nil
	}
	w, err := artifacts.Parse(f.Artifacts)
	if err != nil {
		return w, fmt.Errorf("--artifacts %w", err)
	}
	return w, nil
}

// tryLimit is how long the start waits for a store of artifacts.
const tryLimit = 10 * time.Second

// openArtifacts returns the store that the flags name, or nil. One that does not answer now is told
// in the log; one that refuses is an error, because it will not get better by waiting.
func (f artifactFlags) openArtifacts(ctx context.Context, out outbound.Exit, log *slog.Logger) (*artifacts.Store, error) {
	for _, secret := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		_ = os.Unsetenv(secret) // no child inherits it
	}
	w, err := f.place()
	if err != nil || f.Artifacts == "" {
		return nil, err
	}
	s, err := artifacts.Open(w, artifacts.Options{Exit: out, Pauses: artifacts.Pauses(), Credentials: artifacts.Credentials{
		KeyID: f.S3KeyID, Secret: f.S3Secret, Session: f.S3Session, File: f.ArtifactsCredentials, Profile: f.S3Profile, Region: f.S3Region,
	}})
	if err != nil {
		return nil, fmt.Errorf("--artifacts: %w", err)
	}
	limited, done := context.WithTimeout(ctx, tryLimit)
	defer done()
	switch err := s.Try(limited); {
	case err == nil:
		log.InfoContext(ctx, "rows of runs are kept", "artifacts", s.Place())
	case fault.IsTransient(err) || limited.Err() != nil && ctx.Err() == nil:
		log.WarnContext(ctx, "the store of artifacts does not answer; runs that keep rows fail until it does", "artifacts", s.Place(), "error", err)
	default:
		return nil, fmt.Errorf("--artifacts: %w", err)
	}
	return s, nil
}

// keepsAt has the rows of runs kept in a store as well, unless that is nil.
func (s *assembled) keepsAt(kept *artifacts.Store) {
	s.executing.Artifacts = artifacts.None{}
	if kept != nil {
		s.artifacts, s.executing.Artifacts = kept, kept
	}
}

// remoteSweeper returns what removes rows from the store of artifacts, by the same rules
// as those of the data folder.
func (f rowFlags) remoteSweeper(kept *artifacts.Store, store *store.Store, log *slog.Logger) *retention.Sweeper {
	return &retention.Sweeper{
		Policy: retention.Policy{Rows: time.Duration(f.RowDays) * oneDay, RowsBytes: f.RowsMB << 20},
		Store:  store, Log: log.With("artifacts", kept.Place()), Rows: kept,
		Space: func() (uint64, error) { return 0, nil },
	}
}

// sweepRemote removes rows from the store of artifacts, if there is one, until ctx ends.
func (s *assembled) sweepRemote(ctx context.Context) error {
	if s.remote == nil {
		<-ctx.Done()
		return nil
	}
	return s.remote.Run(ctx)
}

// toldArtifacts tells the store of artifacts; nil when there is none.
func (s *assembled) toldArtifacts() *api.Artifacts {
	if s.artifacts == nil {
		return nil
	}
	u := s.remote.Usage()
	return &api.Artifacts{Place: s.artifacts.Place(), Bytes: u.Bytes, RunsWithRows: u.Folders}
}
