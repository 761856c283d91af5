// Package private keeps small files that only their owner may read, such as
// keys. What others could have read or written is refused, and a file is there
// whole or not at all, whenever the power goes.
package private

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// MaxSize is how many bytes a file may have.
const MaxSize = 1 << 20

// Read returns what is in a file. One that is not there is an error that wraps
// fs.ErrNotExist. A link, a special file, and one that belongs to somebody else
// or that others may read or write is an error that says what to do.
func Read(path string) ([]byte, error) {
	// A FIFO would be waited for, and a link may lead to what others can change.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0) //nolint:gosec // the caller names the file
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("%s is a symbolic link: put the file itself there", path)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := check(path, info); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err == nil && len(text) > MaxSize {
		err = fmt.Errorf("%s has more than %d bytes", path, MaxSize)
	}
	return text, err
}

func check(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", path)
	}
	if own, ok := info.Sys().(*syscall.Stat_t); ok && int(own.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user: run chown %d %s", path, os.Geteuid(), path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s can be read or changed by others: run chmod 600 %s", path, path)
	}
	return nil
}

// Make writes a file that is not there yet. Of several who make it at once one
// wins; for the others it is an error that wraps fs.ErrExist.
func Make(path string, content []byte) error {
	return write(path, content, os.Link)
}

// Replace writes a file in the place of the one that may be there.
func Replace(path string, content []byte) error {
	return write(path, content, os.Rename)
}

// write puts content into a file beside path and moves that into place.
func write(path string, content []byte, move func(from, to string) error) error {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.Write(content)
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := move(temp.Name(), path); err != nil {
		return err
	}
	folder, err := os.Open(dir) //nolint:gosec // the folder of the file that the caller names
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
