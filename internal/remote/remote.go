// Package remote is files on other machines: in buckets and containers, and behind SFTP. It
// finds, reads and writes them as they are; what is in them is the business of others.
package remote

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/files"
	"github.com/broked/broked/internal/outbound"
)

// Bounds of a place.
const (
	// MaxFiles is how many files a pattern may match.
	MaxFiles = 10_000
	// maxLooked is how many are looked at for that.
	maxLooked = 200_000
	// stall is after how long without a byte an exchange is given up.
	stall = time.Minute
	// maxBase is the longest name of a file that common file systems take, in bytes.
	maxBase = 255
)

// File is a file as it was when somebody looked.
type File struct {
	Name     string // as it is read by: the key of an object, or a path
	Size     int64
	Modified time.Time
	Version  string // another one when the content is; empty where nobody tells
}

// Place is where files are. It may be used by any number of goroutines at once, and is closed
// by who has opened it.
type Place struct{ backend }

// pauses are those between tries.
var pauses = []time.Duration{200 * time.Millisecond, time.Second, 3 * time.Second}

// backend speaks to one sort of system. Its errors are faults: Invalid with login_failed,
// permission_denied, bucket_not_found, file_not_found or host_key_differs, those of
// outbound.Explain, and Unavailable ones, of which those are marked as transient that may
// pass by themselves.
type backend interface {
	// stat returns the file of a name.
	stat(ctx context.Context, name string) (File, error)
	// list gives files below a folder; begin is what the names of all that are wanted begin
	// with. It ends early with the error of give.
	list(ctx context.Context, folder, begin string, give func(File) error) error
	// open reads a file from a byte on, and fails if it is not the one that was found.
	open(ctx context.Context, f File, from int64) (io.ReadCloser, error)
	// store makes a file of from, which has size bytes, in one step, right after held has
	// returned nil. With an error nothing has changed that anybody sees.
	store(ctx context.Context, name string, from io.ReaderAt, size int64, held func(context.Context) error) error
	// look does what shows that the place is there and lets itself be used, and tells it.
	look(ctx context.Context) (string, error)
	close()
}

// Open returns the place that a connection leads to, which is one of connection.Storage.
// Nothing is asked of it yet. A connection that cannot be used as it is written is an Invalid
// fault.
func Open(c connection.Connection, exit outbound.Exit) (*Place, error) {
	var b backend
	var err error
	switch c.Type {
	case connection.S3:
		b, err = openS3(c, exit)
	case connection.GCS:
		b, err = openGCS(c, exit)
	case connection.AzureBlob:
		b, err = openAzure(c, exit)
	case connection.SFTP:
		b, err = openSFTP(c, exit)
	default:
		err = fault.New(fault.Invalid, "names a connection of the type %s, which leads to no files", c.Type)
	}
	if err != nil {
		return nil, err
	}
	return &Place{b}, nil
}

// Close ends what is open. It may be called more than once.
func (p *Place) Close() { p.close() }

// Try does what shows that the place can be used, and says what was found.
func (p *Place) Try(ctx context.Context) (string, error) { return p.look(ctx) }

// CheckName refuses what cannot be the name of a file, before anybody is asked.
func CheckName(name string) error {
	parts := strings.Split(strings.TrimPrefix(name, "/"), "/")
	last := parts[len(parts)-1]
	var wrong string
	switch {
	case strings.TrimSpace(name) == "":
		wrong = "is empty"
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		wrong = "has a control character in it"
	case slices.Contains(parts, "..") || slices.Contains(parts, "."):
		wrong = "has . or .. in the place of a folder"
	case last == "":
		wrong = "is a folder: name a file in it, or a pattern such as orders/*.csv"
	case len(last) > maxBase:
		wrong = "has a name of more than 255 bytes"
	default:
		return nil
	}
	return fault.New(fault.Invalid, "the path %q %s", outbound.Said(name), wrong).With("bad_path")
}

// Find returns the files that a path or a pattern names, by name. A name that begins with a
// dot is matched by no pattern. None, more than MaxFiles, and one that no file here could be
// called as are Invalid faults.
func (p *Place) Find(ctx context.Context, pattern string) ([]File, error) {
	found, err := p.Look(ctx, pattern)
	if err == nil && len(found) == 0 {
		err = fault.New(fault.Invalid, "no file matches %q", pattern).With("file_not_found")
	}
	return found, err
}

// Look is Find to which no file is no fault.
func (p *Place) Look(ctx context.Context, pattern string) ([]File, error) {
	if err := CheckName(pattern); err != nil {
		return nil, err
	}
	if !files.IsPattern(pattern) {
		f, err := p.stat(ctx, pattern)
		if fault.CodeOf(err) == "file_not_found" {
			return nil, nil
		}
		return []File{f}, err
	}
	wanted, err := files.ParsePattern(pattern)
	if err != nil {
		return nil, err
	}
	var found []File
	looked := 0
	begin, _, _ := strings.Cut(pattern, pattern[strings.IndexAny(pattern, "*?["):])
	err = p.list(ctx, wanted.Base, begin, func(f File) error {
		if looked++; looked > maxLooked {
			return fault.New(fault.Invalid, "%q would look at more than %d files: begin the pattern with a folder that has fewer", pattern, maxLooked).With("bad_path")
		}
		if strings.HasSuffix(f.Name, "/") || f.Name != pattern && !wanted.Matches(f.Name) {
			return nil // what ends with a slash is how buckets show folders
		}
		if len(found) == MaxFiles {
			return fault.New(fault.Invalid, "%q matches more than %d files: name fewer", pattern, MaxFiles).With("too_many_files")
		}
		found = append(found, f)
		return CheckName(f.Name)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// Fetch writes the content of f to a writer, whole. Where an exchange breaks off it goes on
// at the byte where it was; a file that has become another one meanwhile is a transient
// fault with the code file_changed.
func (p *Place) Fetch(ctx context.Context, f File, to io.Writer) error {
	var done int64
	for tries := 0; done < f.Size; {
		n, err := p.some(ctx, f, done, to)
		if done += n; err == nil {
			continue
		}
		if n > 0 {
			tries = 0
		}
		if !soon(err) || !rest(ctx, tries) {
			return err
		}
		tries++
	}
	return nil
}

// some reads as much of f as comes, from a byte on.
func (p *Place) some(ctx context.Context, f File, from int64, to io.Writer) (int64, error) {
	ctx, alive, stop := watched(ctx)
	defer stop()
	in, err := p.open(ctx, f, from)
	if err != nil {
		return 0, stalled(ctx, err)
	}
	defer func() { _ = in.Close() }()
	w := &kept{to: to}
	n, err := io.Copy(w, io.LimitReader(io.TeeReader(in, alive), f.Size-from))
	_, told := errors.AsType[*fault.Error](err)
	switch {
	case w.err != nil:
		return n, w.err
	case ctx.Err() != nil:
		return n, stalled(ctx, ctx.Err())
	case err == nil && n == 0:
		err = io.ErrUnexpectedEOF
	case err == nil || told:
		return n, err
	}
	return n, lost(err, f.Name+" was read")
}

// Store makes a file of a local one, whole or not at all: it is there for others in one step,
// right after held has returned nil. What was there before is replaced. Folders that are
// missing are made.
func (p *Place) Store(ctx context.Context, name, file string, held func(context.Context) error) error {
	if err := CheckName(name); err != nil {
		return err
	}
	f, err := os.Open(file) //nolint:gosec // the caller's own
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return p.store(ctx, name, f, info.Size(), held)
}

// rest waits before another try, and reports whether there is to be one.
func rest(ctx context.Context, tries int) bool {
	if tries >= len(pauses) {
		return false
	}
	timer := time.NewTimer(pauses[tries])
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// again does something until it succeeds, fails for good or has been tried often enough.
func again(ctx context.Context, do func() error) error {
	for tries := 0; ; tries++ {
		err := do()
		if err == nil || !soon(err) || !rest(ctx, tries) {
			return err
		}
	}
}

// soon reports whether an error may pass within seconds. Who waits for longer says so in the
// settings of the node.
func soon(err error) bool {
	code := fault.CodeOf(err)
	return fault.IsTransient(err) && code != "file_changed" && code != "host_not_found" && code != "tls_failed" && !errors.Is(err, syscall.ECONNREFUSED)
}

// kept is a writer that remembers how it has failed.
type kept struct {
	to  io.Writer
	err error
}

// Write implements io.Writer.
func (k *kept) Write(b []byte) (int, error) {
	n, err := k.to.Write(b)
	k.err = err
	return n, err
}

// pulse ends an exchange in which nothing moves any more.
type pulse struct{ timer *time.Timer }

// Write implements io.Writer, which is shown what has moved.
func (p pulse) Write(b []byte) (int, error) { p.timer.Reset(stall); return len(b), nil }

var errStalled = fault.Transient(fault.New(fault.Unavailable, "nothing has come for %s", stall).With("timed_out"))

// watched returns a context that ends when the pulse has stood still for too long.
func watched(ctx context.Context) (context.Context, pulse, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(stall, func() { cancel(errStalled) })
	return ctx, pulse{timer}, func() { timer.Stop(); cancel(nil) }
}

func stalled(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errStalled) {
		return errStalled
	}
	return err
}

// lost is the fault of an exchange that broke off.
func lost(err error, what string) error {
	return fault.Transient(fault.Wrap(fault.Unavailable, err, "the connection was lost while %s", what).With("connection_lost"))
}

// differs is the fault of a file that is another one than was found.
func differs(name string) error {
	return fault.Transient(fault.New(fault.Unavailable, "%s was replaced while it was read", name).With("file_changed"))
}

// refused is the fault of a system that says no.
func refused(code, words string, args ...any) error {
	return fault.New(fault.Invalid, words, args...).With(code)
}

// missing is the fault of a file that is not there.
func missing(name, where string) error {
	return refused("file_not_found", "there is no %s in %s", name, where)
}
