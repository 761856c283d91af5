package artifacts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
)

// folder is a folder that all machines have, with a folder for every run.
type folder struct{ dir string }

// half ends the names of files that are being written.
const half = ".half"

// put writes a copy under another name, and waits until it is on the disk.
func (f folder) put(_ context.Context, name, file string) error {
	path := f.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return ofDisk(err)
	}
	in, err := os.Open(file) //nolint:gosec // in our own folder
	if err != nil {
		return fault.Wrap(fault.Internal, err, "keep rows")
	}
	defer func() { _ = in.Close() }()
	temp := path + "." + id.New() + half
	defer func() { _ = os.Remove(temp) }()
	out, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator says where
	if err != nil {
		return ofDisk(err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return ofDisk(err)
	}
	if err := os.Rename(temp, path); err != nil {
		return ofDisk(err)
	}
	return ofDisk(synced(filepath.Dir(path)))
}

// synced waits until the names in a folder are on the disk.
func synced(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator says where
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (f folder) get(_ context.Context, name string, to io.Writer) error {
	in, err := os.Open(f.path(name))
	if err != nil {
		return ofDisk(err)
	}
	defer func() { _ = in.Close() }()
	_, err = io.Copy(to, in)
	return ofDisk(err)
}

func (f folder) size(_ context.Context, name string) (int64, error) {
	info, err := os.Stat(f.path(name))
	if err != nil {
		return 0, ofDisk(err)
	}
	return info.Size(), nil
}

func (f folder) all(_ context.Context, run string) iter.Seq2[object, error] {
	return func(yield func(object, error) bool) {
		root := f.path(run)
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && path != f.dir {
				return nil // somebody else has removed it
			}
			if err != nil {
				return err
			}
			name, err := filepath.Rel(f.dir, path)
			if err != nil || d.IsDir() && strings.Contains(name, "/") {
				return errors.Join(err, fs.SkipDir)
			}
			info, err := d.Info()
			if err != nil || d.IsDir() {
				return nil //nolint:nilerr // the same
			}
			if !yield(object{filepath.ToSlash(name), info.Size(), info.ModTime()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(object{}, ofDisk(err))
		}
	}
}

// remove removes the folders of the files, too, when nothing is left in them.
func (f folder) remove(_ context.Context, names []string) error {
	for _, name := range names {
		path := f.path(name)
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return ofDisk(err)
		}
		_ = os.Remove(filepath.Dir(path))
	}
	return nil
}

func (f folder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// ofDisk puts an error of a file system into words. What needs a person is not tried again.
func ofDisk(err error) error {
	var number syscall.Errno
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return errMissing
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fault.Wrap(fault.Denied, err, "this account may not do that there")
	case errors.As(err, &number):
		return fault.Transient(fault.Wrap(fault.Unavailable, err, "%s", number.Error()))
	}
	return fmt.Errorf("folder of artifacts: %w", err)
}
