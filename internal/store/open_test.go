package store_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/store"
)

func file(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "made for it", "a #1?.db") // characters that mean something in a URI
}

// wantRefused fails unless the database is refused with words.
func wantRefused(t *testing.T, path, words string) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: path, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		_ = db.Close(t.Context())
	}
	if got := fault.MessageOf(err); err == nil || !strings.Contains(got, words) {
		t.Errorf("open %s: got %q (%v), want words like %q", path, got, err, words)
	}
}

func TestOpenMakesOneFileForUsAlone(t *testing.T) {
	t.Parallel()
	path := file(t)
	for range 2 {
		db := open(t, path)
		for _, name := range []string{path, path + "-wal", path + "-shm"} {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v", name, info.Mode())
			}
		}
		if err := db.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path + "-wal"); !os.IsNotExist(err) {
			t.Errorf("the log is still there after closing: %v", err)
		}
		if err := os.Chmod(path, 0o644); err != nil { // is tightened when opened again
			t.Fatal(err)
		}
	}
}

func TestConnectionSettings(t *testing.T) {
	t.Parallel()
	db := open(t, file(t))
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "trusted_schema": "0",
		"cell_size_check": "1", "busy_timeout": "5000", "journal_size_limit": "67108864",
	} {
		var got string
		if err := db.Writer().QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", pragma, got, err, want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	wantRefused(t, "postgres://127.0.0.1:1/broked", "cannot be used: ")
	wantRefused(t, "postgresql://me:secret@:x/broked", "cannot be read; it looks like postgres://")
	wantRefused(t, t.TempDir(), "cannot be opened")

	text := file(t)
	write(t, text, bytes.Repeat([]byte("this is no database\n"), 500))
	wantRefused(t, text, "is damaged, or is not a SQLite file")
	if after := read(t, text); !bytes.HasPrefix(after, []byte("this is no database\n")) {
		t.Error("a file that is no database was written to")
	}
}

func TestOpenRefusesDamage(t *testing.T) {
	t.Parallel()
	path := file(t)
	if err := open(t, path).Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	data := read(t, path)
	for i := 4096 * 3; i < 4096*6; i++ {
		data[i] ^= 0x5a
	}
	write(t, path, data)
	wantRefused(t, path, "is damaged")
}

func TestOpenRefusesNewerSchema(t *testing.T) {
	t.Parallel()
	path := file(t)
	db := open(t, path)
	if _, err := db.Writer().ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, path, "was written by a newer release (schema 99999")
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	db := open(t, file(t))
	ctx := t.Context()
	if _, err := db.Writer().ExecContext(ctx, `PRAGMA max_page_count = 1`); err != nil { // as many as there are
		t.Fatal(err)
	}
	s := store.New(db, nil)
	big := pipelineOf(t, strings.Repeat("x", 1<<20))
	err := s.InsertPipeline(ctx, big)
	if fault.KindOf(err) != fault.Full || fault.CodeOf(err) != "storage_full" {
		t.Errorf("on a full disk: %v (code %s), want storage_full", err, fault.CodeOf(err))
	}
	if n, err := s.CountPipelines(ctx); n != 0 || err != nil {
		t.Errorf("%d pipelines, error %v; want none, and to be readable", n, err)
	}
	if _, err := db.Writer().ExecContext(ctx, `PRAGMA max_page_count = 100000`); err != nil {
		t.Fatal(err)
	}
	if err := s.InsertPipeline(ctx, big); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
