package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/job"
)

// folder is the data folder, held by this process alone.
type folder struct {
	path string // absolute
	lock *os.File
}

// openFolder makes the data folder when it is not there and takes its lock. When
// another server holds it the error has the exit status exitLocked.
func openFolder(path string) (*folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	for _, dir := range []string{"", "runs", "engines", "files", "keys", "contacts"} {
		if err := os.MkdirAll(filepath.Join(path, dir), 0o700); err != nil {
			return nil, fmt.Errorf("data folder: %w", err)
		}
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator says where
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(lock, 32))
		_ = lock.Close()
		return nil, &exitError{exitLocked, fmt.Errorf("another server (pid %s) uses the data folder %s: stop it, or give this one another --data",
			strings.TrimSpace(string(holder)), path)}
	}
	err = errors.Join(lock.Truncate(0), writeAt(lock, fmt.Sprintf("%d\n", os.Getpid())))
	return &folder{path: path, lock: lock}, err
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// close gives up the lock.
func (f *folder) close() { _ = f.lock.Close() }

func (f *folder) in(name string) string { return filepath.Join(f.path, name) }

// private lists what file nodes may not touch inside the data folder.
func (f *folder) private(database string) []string {
	var private []string
	for _, name := range []string{"keys", "runs", "engines", "contacts", "backups", "lock"} {
		private = append(private, f.in(name))
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		private = append(private, database+suffix)
	}
	return private
}

// secretName is the file with the key of session tokens, in the working
// directory, where Brokoli keeps it.
const secretName = ".brokoli-jwt-secret" //nolint:gosec // the name of a file

// reach returns which files the nodes of runs may touch: the working directory,
// the system's temporary folder and extra folders, but nothing private. A
// working directory that is the root of the file system does not count.
func reach(extra, private []string) (job.Roots, error) {
	base, err := os.Getwd()
	if err != nil {
		return job.Roots{}, fmt.Errorf("working directory: %w", err)
	}
	roots := job.Roots{Base: base, Deny: append(private, filepath.Join(base, secretName))}
	for _, dir := range append([]string{base, os.TempDir()}, extra...) {
		dir, err := filepath.Abs(dir)
		if err != nil {
			return job.Roots{}, fmt.Errorf("folder for file nodes: %w", err)
		}
		if resolved, err := filepath.EvalSymlinks(dir); err == nil {
			dir = resolved
		}
		if dir != string(filepath.Separator) {
			roots.Allow = append(roots.Allow, dir)
		}
	}
	return roots, nil
}

// signingKeys returns the keys of session tokens: the given one, else those in
// the secret file, which is made on first use, and in the data folder.
func signingKeys(data *folder, given string) (*auth.SigningKeys, error) {
	if given != "" {
		keys, err := auth.GivenSigningKey([]byte(given))
		if err != nil {
			return nil, fmt.Errorf("BROKOLI_JWT_SECRET: %w", err)
		}
		return keys, nil
	}
	return auth.OpenSigningKeys(secretName, data.in("keys/signing.json"), time.Now())
}
