package artifacts_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/broked/broked/internal/artifacts"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/runs"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const secret = "a-key-that-nobody-may-see"

// fake is a store that speaks S3. It answers 503 as often as fails says.
func fake(t *testing.T) (place string, fails *atomic.Int64) {
	t.Helper()
	back := s3mem.New()
	must(t, back.CreateBucket("rows"))
	must(t, back.CreateBucket("other"))
	inner, fails := gofakes3.New(back, gofakes3.WithLogger(gofakes3.DiscardLog())).Server(), &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fails.Add(-1) >= 0 {
			http.Error(w, "", http.StatusServiceUnavailable)
			return
		}
		if size := r.Header.Get("X-Amz-Decoded-Content-Length"); size != "" && r.URL.Query().Has("partNumber") {
			r.Body = io.NopCloser(&unchunked{from: bufio.NewReader(r.Body)}) // the fake does so for whole files alone
			r.ContentLength, _ = strconv.ParseInt(size, 10, 64)
			r.Header.Set("Content-Length", size)
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return "s3://rows/of/broked?endpoint=" + server.URL, fails
}

// unchunked reads what was sent in signed chunks.
type unchunked struct {
	from *bufio.Reader
	left int64
}

func (u *unchunked) Read(p []byte) (int, error) {
	if u.left == 0 {
		if err := u.next(); err != nil {
			return 0, err
		}
	}
	n, err := u.from.Read(p[:min(int64(len(p)), u.left)])
	u.left -= int64(n)
	return n, err
}

// next reads the head of a chunk. The last one is empty.
func (u *unchunked) next() error {
	line, err := u.from.ReadString('\n')
	if line == "\r\n" { // the end of the chunk before
		line, err = u.from.ReadString('\n')
	}
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(line, ";")
	if u.left, err = strconv.ParseInt(size, 16, 64); err == nil && u.left == 0 {
		err = io.EOF
	}
	return err
}

func open(t *testing.T, place string) *artifacts.Store {
	t.Helper()
	w, err := artifacts.Parse(place)
	must(t, err)
	s, err := artifacts.Open(w, artifacts.Options{
		Credentials: artifacts.Credentials{KeyID: "me", Secret: secret}, Pauses: []time.Duration{time.Millisecond, time.Millisecond},
	})
	must(t, err)
	return s
}

// written writes so many bytes to a file in a folder.
func written(t *testing.T, name string, n int) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(file, bytes.Repeat([]byte("0123456789abcdef"), n/16+1)[:n], 0o600))
	return file
}

func same(t *testing.T, a, b string) {
	t.Helper()
	one, err := os.ReadFile(a)
	must(t, err)
	other, err := os.ReadFile(b)
	must(t, err)
	if !bytes.Equal(one, other) {
		t.Errorf("%d bytes are not the %d that were kept", len(other), len(one))
	}
}

// TestKeepAndFetch: on either sort of place, what is fetched is what was kept, or the
// fault says that it is not.
func TestKeepAndFetch(t *testing.T) {
	t.Parallel()
	bucket, _ := fake(t)
	for name, place := range map[string]string{"folder": filepath.Join(t.TempDir(), "shared"), "S3": bucket} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, s, run := t.Context(), open(t, place), runs.ID(id.New())
			must(t, s.Try(ctx))
			small, large := written(t, "a.parquet", 4), written(t, "b.c2.parquet", 40<<20+1) // three parts
			first, err := s.Keep(ctx, run, small)
			must(t, err)
			second, err := s.Keep(ctx, run, large)
			must(t, err)
			if second.Bytes != 40<<20+1 || second.Place != string(run)+"/b.c2.parquet" || len(second.SHA256) != 64 {
				t.Errorf("kept %+v", second)
			}
			must(t, s.Has(ctx, first))
			to := filepath.Join(t.TempDir(), "b.parquet")
			must(t, s.Fetch(ctx, second, to))
			same(t, large, to)

			folders, err := s.Folders(ctx)
			must(t, err)
			if len(folders) != 1 || folders[0].Run != run || folders[0].Bytes != second.Bytes+4 || time.Since(folders[0].Written) > time.Hour {
				t.Errorf("the folders are %+v", folders)
			}

			other := first // of the same size, with another hash
			other.SHA256 = strings.Repeat("0", 64)
			here := filepath.Join(t.TempDir(), "a.parquet")
			if err := s.Fetch(ctx, other, here); fault.CodeOf(err) != artifacts.CodeDamaged {
				t.Errorf("what is damaged gives %v", err)
			}
			other.Bytes = 5
			if err := s.Has(ctx, other); fault.CodeOf(err) != artifacts.CodeDamaged {
				t.Errorf("what is too short gives %v", err)
			}
			must(t, s.Discard(ctx, first))
			for _, err := range []error{s.Has(ctx, first), s.Fetch(ctx, first, here)} {
				if fault.KindOf(err) != fault.NotFound || fault.CodeOf(err) != artifacts.CodeMissing {
					t.Errorf("what is gone gives %v", err)
				}
			}
			if left, err := os.ReadDir(filepath.Dir(here)); err != nil || len(left) > 0 {
				t.Errorf("half a file is left: %v, %v", left, err)
			}
			must(t, s.Remove(ctx, run))
			if folders, err = s.Folders(ctx); err != nil || len(folders) > 0 {
				t.Errorf("after they were removed there are %+v, %v", folders, err)
			}
			must(t, s.Remove(ctx, run))
		})
	}
}

// TestNobodyElseIsTouched: what is no run's is not told, and so never removed.
func TestNobodyElseIsTouched(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	must(t, os.MkdirAll(filepath.Join(dir, "runs/letters"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "runs/letters/one"), []byte("dear"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "runs/two"), []byte("sir"), 0o600))
	if folders, err := s.Folders(t.Context()); err != nil || len(folders) > 0 {
		t.Errorf("folders are %+v, %v", folders, err)
	}
}

// TestAStoreThatDoesNotAnswer is asked again, and given up with words that tell no secrets.
func TestAStoreThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	place, fails := fake(t)
	s, file := open(t, place), written(t, "a.parquet", 100)
	fails.Store(2)
	kept, err := s.Keep(t.Context(), "r", file)
	must(t, err)
	must(t, s.Has(t.Context(), kept))
	fails.Store(1 << 40)
	_, err = s.Keep(t.Context(), "r", file)
	if fault.CodeOf(err) != "artifacts_unavailable" || !fault.IsTransient(err) || !strings.Contains(fault.MessageOf(err), "s3://rows/of/broked") {
		t.Errorf("a store that is down gives %v", err)
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("the secret is told: %v", err)
	}
	if err := s.Try(t.Context()); fault.CodeOf(err) != "artifacts_unavailable" {
		t.Errorf("trying it gives %v", err)
	}
	fails.Store(0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Keep(ctx, "r", file); !errors.Is(err, context.Canceled) {
		t.Errorf("who does not wait any more gets %v", err)
	}
	if _, err := open(t, strings.Replace(place, "//rows", "//nothing", 1)).Keep(t.Context(), "r", file); fault.CodeOf(err) != "artifacts_refused" || fault.IsTransient(err) {
		t.Errorf("a bucket that is not there gives %v", err)
	}
}

// TestPauses gives a store that does not answer up after a time that people can wait.
func TestPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, err := artifacts.Parse(filepath.Join(t.TempDir(), "x"))
		must(t, err)
		s, err := artifacts.Open(w, artifacts.Options{Pauses: artifacts.Pauses()})
		must(t, err)
		must(t, os.RemoveAll(w.Place()))
		must(t, os.WriteFile(w.Place(), nil, 0o600)) // ENOTDIR, whoever asks
		began := time.Now()
		_, err = s.Keep(t.Context(), "r", written(t, "a.parquet", 10))
		if took := time.Since(began); fault.CodeOf(err) != "artifacts_unavailable" || took < 30*time.Second || took > time.Minute {
			t.Errorf("after %s: %v", took, err)
		}
		files := 0
		must(t, filepath.WalkDir(filepath.Dir(w.Place()), func(string, fs.DirEntry, error) error { files++; return nil }))
		if files != 2 {
			t.Errorf("%d files and folders are left, want the one in the way", files)
		}
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"/shared/rows": "/shared/rows",
		"s3://b":       "s3://b at s3.amazonaws.com",
		"s3://b/p/?endpoint=http://minio:9000&region=eu-central-1": "s3://b/p at minio:9000",
		"s3://b?endpoint=minio.internal":                           "s3://b at minio.internal",
	} {
		w, err := artifacts.Parse(text)
		if err != nil || w.Place() != want {
			t.Errorf("%s: %q, %v", text, w.Place(), err)
		}
	}
	for _, text := range []string{
		"", "/", "s3://", "http://b/p", "s3://me:" + secret + "@b", "s3://b?endpoint=ftp://x", "s3://b?endpoint=https://me:" + secret + "@x",
		"s3://b?endpoint=https://x/path", "s3://b?key=" + secret, "s3://b:80", "s3://b#x",
	} {
		_, err := artifacts.Parse(text)
		if fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", text, err)
		}
	}
	w, err := artifacts.Parse("s3://b")
	must(t, err)
	if _, err := artifacts.Open(w, artifacts.Options{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without credentials: %v", err)
	}
}

// TestCredentialsOfAFile are those of the profile that is named.
func TestCredentialsOfAFile(t *testing.T) {
	t.Parallel()
	place, _ := fake(t)
	file := filepath.Join(t.TempDir(), "credentials")
	must(t, os.WriteFile(file, []byte("[default]\naws_access_key_id = a\naws_secret_access_key = b\n[broked]\naws_access_key_id = me\naws_secret_access_key = "+secret+"\n"), 0o600))
	w, err := artifacts.Parse(place)
	must(t, err)
	for profile, fine := range map[string]bool{"": true, "broked": true, "nobody": false} {
		s, err := artifacts.Open(w, artifacts.Options{Credentials: artifacts.Credentials{File: file, Profile: profile}})
		must(t, err)
		if err := s.Try(t.Context()); (err == nil) != fine {
			t.Errorf("profile %q: %v", profile, err)
		}
	}
}
