package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/broked/broked/internal/postgres"
	"github.com/broked/broked/internal/store"
)

// migrateCmd moves what a stopped server remembers into a PostgreSQL.
type migrateCmd struct {
	From string `help:"SQLite database of a stopped server; broked.db in the data folder when not given." placeholder:"PATH"`
	To   string `help:"postgres:// URL of a database that nobody has used yet." env:"BROKOLI_DB" required:"" placeholder:"URL"`
	Data string `help:"Data folder of the server." env:"BROKOLI_DATA" default:"./broked-data" placeholder:"DIR"`
}

// Validate implements kong's check of flags.
func (c *migrateCmd) Validate() error {
	if !postgres.Is(c.To) {
		return errors.New("--to must be a postgres:// URL")
	}
	return nil
}

// Run copies everything and prints what there was.
func (c *migrateCmd) Run(ctx context.Context, w world) (err error) {
	path := c.From
	if path == "" {
		path = filepath.Join(c.Data, "broked.db")
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database %s: say where it is with --data or --from", path)
	}
	data, err := openFolder(c.Data)
	if err != nil {
		return err
	}
	defer data.close()
	log := slog.New(slog.NewTextHandler(w.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	from, err := store.Open(ctx, store.Options{Path: path, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close(ctx)) }()
	to, err := store.Open(ctx, store.Options{Path: c.To, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close(ctx)) }()
	copied, err := store.Copy(ctx, from, to)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "TABLE\tROWS\tSHA-256 OF ALL, THE SAME ON BOTH SIDES")
	for _, t := range copied {
		fmt.Fprintf(out, "%s\t%d\t%s\n", t.Table, t.Rows, t.Hash)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "Start the server with --db and this URL, and with the same --data %s. What %s remembers is not changed.\n", c.Data, path)
	return err
}
