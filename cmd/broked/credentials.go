package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/broked/broked/internal/private"
)

// credentials are the servers that somebody has signed in to from here.
type credentials struct {
	Current string            `json:"current,omitempty"` // the last one
	Servers map[string]signIn `json:"servers"`           // by address
}

// signIn is a session on a server.
type signIn struct {
	User  string    `json:"user"`
	Token string    `json:"token"`
	At    time.Time `json:"at"`
	// Insecure says that the person knows that there is no TLS.
	Insecure bool `json:"insecure,omitempty"`
}

// credentialsFile returns where credentials are kept: $XDG_CONFIG_HOME or
// ~/.config on Linux.
func credentialsFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("credentials: %w", err)
	}
	return filepath.Join(dir, "broked", "credentials.json"), nil
}

// readCredentials returns what was written; where there is no place for it, that
// is nothing.
func readCredentials() (credentials, error) {
	all := credentials{Servers: map[string]signIn{}}
	path, err := credentialsFile()
	if err != nil {
		return all, nil //nolint:nilerr // who has no home has not signed in
	}
	text, err := private.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		return all, fmt.Errorf("credentials in %s: %w", path, err)
	}
	return all, nil
}

// write replaces what was written before.
func (c credentials) write() error {
	path, err := credentialsFile()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := private.Replace(path, append(text, '\n')); err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	return nil
}
