// Package artifacts keeps the rows of runs where every machine finds them: in a folder
// that all have, or in a bucket of a store that speaks S3. A file is there whole or not
// at all, and who fetches one gets what was kept or is told that it is lost.
package artifacts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/retention"
	"github.com/broked/broked/internal/runs"
)

// The codes of what is wrong with a file that is to be fetched.
const (
	CodeMissing = "artifact_missing"
	CodeDamaged = "artifact_damaged"
)

// Store keeps files of runs. It may be used by any number of goroutines at once, and by
// any number of processes. Its errors are faults: Unavailable with artifacts_unavailable
// when the place has not answered for as long as Pauses are, which is marked as transient;
// Invalid with artifacts_refused when it does not want what it is asked for.
type Store struct {
	place  string // for people
	back   backend
	pauses []time.Duration // before another try
}

// backend is a place for files. Names are RUN/FILE.
type backend interface {
	put(ctx context.Context, name, file string) error
	get(ctx context.Context, name string, to io.Writer) error
	size(ctx context.Context, name string) (int64, error)
	// all yields every file of a run, or of all runs when that is empty.
	all(ctx context.Context, run string) iter.Seq2[object, error]
	remove(ctx context.Context, names []string) error
}

type object struct {
	name    string
	bytes   int64
	written time.Time
}

// errMissing is what a backend says of a file that is not there.
var errMissing = errors.New("there is no such file")

// Pauses is how long a store that does not answer is left alone before another try: it is
// given up after three quarters of a minute.
func Pauses() []time.Duration {
	return []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second, 15 * time.Second}
}

// Place says for people where the files are. It tells no secrets.
func (s *Store) Place() string { return s.place }

// Keep makes a file of a run be in the store as well, and returns where it is. A file of
// that name is replaced.
func (s *Store) Keep(ctx context.Context, run runs.ID, file string) (runs.Stored, error) {
	sum, bytes, err := sumOf(file)
	if err != nil {
		return runs.Stored{}, fmt.Errorf("keep rows: %w", err)
	}
	kept := runs.Stored{Place: string(run) + "/" + filepath.Base(file), Bytes: bytes, SHA256: sum}
	return kept, s.try(ctx, func() error { return s.back.put(ctx, kept.Place, file) })
}

// Fetch writes what was kept to file, whole or not at all. What is gone is a NotFound
// fault with the code CodeMissing; what is not what was kept is an Invalid one with
// CodeDamaged.
func (s *Store) Fetch(ctx context.Context, kept runs.Stored, file string) error {
	half := file + "." + id.New() + ".half"
	defer func() { _ = os.Remove(half) }()
	var damage error
	for range 2 { // the way from there may have damaged it, too
		if err := s.try(ctx, func() error { return s.write(ctx, kept.Place, half) }); err != nil {
			return lost(err)
		}
		sum, bytes, err := sumOf(half)
		switch {
		case err != nil:
			return fmt.Errorf("fetch rows: %w", err)
		case sum == kept.SHA256:
			return os.Rename(half, file)
		}
		damage = fault.New(fault.Invalid, "the file in the store of artifacts has %d bytes with another hash than the %d that were written", bytes, kept.Bytes).With(CodeDamaged)
	}
	return damage
}

func (s *Store) write(ctx context.Context, name, file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // in our own folder
	if err != nil {
		return fault.Wrap(fault.Internal, err, "fetch rows")
	}
	to := &ours{Writer: f}
	err = s.back.get(ctx, name, to)
	if own := errors.Join(to.err, f.Close()); own != nil {
		return fault.Wrap(fault.Internal, own, "fetch rows")
	}
	return err
}

// ours tells the errors of what is written here from those of the store.
type ours struct {
	io.Writer
	err error
}

// Write implements io.Writer.
func (o *ours) Write(p []byte) (n int, err error) {
	n, err = o.Writer.Write(p)
	o.err = err
	return n, err
}

// Has returns nil when what was kept is there, as far as its size tells, and else what
// Fetch would.
func (s *Store) Has(ctx context.Context, kept runs.Stored) error {
	return lost(s.try(ctx, func() error {
		n, err := s.back.size(ctx, kept.Place)
		if err == nil && n != kept.Bytes {
			return fault.New(fault.Invalid, "the file in the store of artifacts has %d bytes instead of %d", n, kept.Bytes).With(CodeDamaged)
		}
		return err
	}))
}

// Discard removes what was kept.
func (s *Store) Discard(ctx context.Context, kept runs.Stored) error {
	return s.try(ctx, func() error { return s.back.remove(ctx, []string{kept.Place}) })
}

// Try returns an error unless files can be written, read and removed now. It does not
// wait for a store that does not answer.
func (s *Store) Try(ctx context.Context) error {
	probe, err := os.CreateTemp("", "broked-probe-")
	if err != nil {
		return fmt.Errorf("try the store of artifacts: %w", err)
	}
	defer func() { _ = os.Remove(probe.Name()) }()
	_, err = probe.WriteString("broked\n") // there are stores that take nothing for a mistake
	if err := errors.Join(err, probe.Close()); err != nil {
		return fmt.Errorf("try the store of artifacts: %w", err)
	}
	once := &Store{place: s.place, back: s.back}
	kept, err := once.Keep(ctx, runs.ID(id.New()), probe.Name())
	if err != nil {
		return err
	}
	return errors.Join(once.Has(ctx, kept), once.Discard(ctx, kept))
}

// Folders implements retention.Rows.
func (s *Store) Folders(ctx context.Context) ([]retention.Folder, error) {
	found := make(map[string]retention.Folder)
	for o, err := range s.back.all(ctx, "") {
		if err != nil {
			return nil, s.explain(err)
		}
		run, _, _ := strings.Cut(o.name, "/")
		if !id.IsGUID(run) {
			continue // not ours
		}
		f := found[run]
		f.Run, f.Bytes = runs.ID(run), f.Bytes+o.bytes
		if o.written.After(f.Written) {
			f.Written = o.written
		}
		found[run] = f
	}
	all := make([]retention.Folder, 0, len(found))
	for _, f := range found {
		all = append(all, f)
	}
	return all, nil
}

// Remove implements retention.Rows.
func (s *Store) Remove(ctx context.Context, run runs.ID) error {
	var names []string
	for o, err := range s.back.all(ctx, string(run)) {
		if err != nil {
			return s.explain(err)
		}
		names = append(names, o.name)
	}
	if err := s.back.remove(ctx, names); err != nil {
		return s.explain(err)
	}
	return nil
}

// try does what the store is asked for, again after each pause while it does not answer.
func (s *Store) try(ctx context.Context, do func() error) error {
	for _, pause := range append(slices.Clone(s.pauses), 0) {
		err := do()
		if err == nil || errors.Is(err, errMissing) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err = s.explain(err); !fault.IsTransient(err) || pause == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return nil
}

// explain makes an error of the store a fault with words for people.
func (s *Store) explain(err error) error {
	known, is := errors.AsType[*fault.Error](err)
	switch {
	case is && known.Kind == fault.Unavailable || fault.IsTransient(err):
		return fault.Transient(fault.Wrap(fault.Unavailable, err, "the store of artifacts %s does not answer: %s", s.place, fault.MessageOf(err)).With("artifacts_unavailable"))
	case is && (known.Code == CodeDamaged || known.Kind == fault.Internal):
		return err
	case is:
		return fault.Wrap(fault.Invalid, err, "the store of artifacts %s refuses: %s", s.place, fault.MessageOf(err)).With("artifacts_refused")
	}
	return fault.Transient(fault.Wrap(fault.Unavailable, err, "the store of artifacts %s cannot be used now", s.place).With("artifacts_unavailable"))
}

// lost turns what a backend says of a file that is not there into a fault.
func lost(err error) error {
	if errors.Is(err, errMissing) {
		return fault.Wrap(fault.NotFound, err, "the file is no longer in the store of artifacts").With(CodeMissing)
	}
	return err
}

// sumOf returns the SHA-256 of a file, in hexadecimal, and its size.
func sumOf(file string) (sum string, bytes int64, err error) {
	f, err := os.Open(file) //nolint:gosec // in our own folder
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	bytes, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), bytes, err
}
