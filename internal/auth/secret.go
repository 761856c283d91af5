package auth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/broked/broked/internal/id"
)

// SecretFile returns the secret in the file at path, which only its owner may
// read, and makes the file when it is not there. Of several processes that make
// it at once one wins and all return the same secret.
func SecretFile(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return makeSecret(path)
	case err != nil:
		return nil, fmt.Errorf("secret file: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("secret file %s is not a regular file", path)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("secret file %s can be read by others: run chmod 600 on it", path)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the operator says where
	if err != nil {
		return nil, fmt.Errorf("secret file: %w", err)
	}
	// Brokoli writes 32 raw bytes; ours is text. White space at the end of text is
	// an editor's, not the secret's.
	secret := []byte(strings.TrimRight(string(text), "\r\n"))
	if len(secret) < MinSecret {
		return nil, fmt.Errorf("secret file %s holds %d bytes, it needs at least %d", path, len(secret), MinSecret)
	}
	return secret, nil
}

// makeSecret writes a new secret beside path and links it into place, which
// fails for all but one of several writers.
func makeSecret(path string) ([]byte, error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make secret file: %w", err)
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.WriteString(id.Secret())
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err != nil {
		return nil, fmt.Errorf("make secret file: %w", err)
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make secret file: %w", err)
	}
	return SecretFile(path)
}
