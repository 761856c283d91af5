package files_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/files"
)

// world is a folder "in" that is allowed, one "out" that is not, and a denied
// place inside the first.
func world(tb testing.TB) (files.Roots, string) {
	tb.Helper()
	top, err := filepath.EvalSymlinks(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	in, out := filepath.Join(top, "in"), filepath.Join(top, "out")
	for _, f := range []string{in + "/orders.csv", in + "/more/a.csv", in + "/more/b.csv", in + "/keys/secret", out + "/other.csv"} {
		must(tb, os.MkdirAll(filepath.Dir(f), 0o755))
		must(tb, os.WriteFile(f, []byte("a\n1\n"), 0o600))
	}
	must(tb, os.Symlink(out+"/other.csv", in+"/leak.csv"))
	must(tb, os.Symlink(out, in+"/leakdir"))
	must(tb, os.Symlink(in+"/orders.csv", in+"/alias.csv"))
	must(tb, os.Symlink(in+"/gone", in+"/dangling.csv"))
	must(tb, syscall.Mkfifo(in+"/pipe", 0o600))
	return files.Roots{Base: in, Allow: []string{in}, Deny: []string{in + "/keys"}}, in
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	roots, in := world(t)
	for _, tc := range []struct {
		name, path string
		want       []string
		code, says string
	}{
		{name: "relative", path: "orders.csv", want: []string{"orders.csv"}},
		{name: "absolute", path: in + "/orders.csv", want: []string{"orders.csv"}},
		{name: "dots that stay inside", path: "more/../orders.csv", want: []string{"orders.csv"}},
		{name: "link that stays inside", path: "alias.csv", want: []string{"orders.csv"}},
		{name: "pattern", path: "more/*.csv", want: []string{"more/a.csv", "more/b.csv"}},
		{name: "pattern over folders", path: "*/[ab].csv", want: []string{"more/a.csv", "more/b.csv"}},
		{name: "pattern over any number of folders", path: "**/*.csv", want: []string{"more/a.csv", "more/b.csv", "orders.csv"}},
		{name: "any number of folders in one", path: "more/**/b.csv", want: []string{"more/b.csv"}},
		{name: "any number of folders passes over ours", path: "**/secret", code: "file_not_found"},
		{name: "any number of folders, one that is missing", path: "gone/**/*.csv", code: "file_not_found"},
		{name: "any number of folders, not complete", path: "**/[a", code: "bad_path"},
		{name: "any number of folders too often", path: "**/a/**/a/**/a/**/a", code: "bad_path"},
		{name: "any number of folders elsewhere", path: "../out/**/*.csv", code: "path_not_allowed"},
		{name: "missing", path: "order.csv", code: "file_not_found", says: `did you mean "orders.csv"?`},
		{name: "missing folder", path: "nope/order.csv", code: "file_not_found", says: "does not exist"},
		{name: "dangling link", path: "dangling.csv", code: "file_not_found", says: "there is no file"},
		{name: "folder", path: "more", code: "bad_path", says: `"more/*.csv"`},
		{name: "pattern without a match", path: "*.parquet", code: "file_not_found", says: "no file matches"},
		{name: "unfinished pattern", path: "[a", code: "bad_path", says: "not complete"},
		{name: "outside", path: "/etc/passwd", code: "path_not_allowed", says: in},
		{name: "dots that lead out", path: "../out/other.csv", code: "path_not_allowed", says: "BROKOLI_DATA_DIRS"},
		{name: "pattern outside", path: "../out/*", code: "path_not_allowed", says: "outside"},
		{name: "link that leads out", path: "leak.csv", code: "path_not_allowed", says: "outside"},
		{name: "linked folder that leads out", path: "leakdir/other.csv", code: "path_not_allowed", says: "outside"},
		{name: "pattern that meets a link out", path: "leak*", code: "path_not_allowed", says: `"leak.csv"`},
		{name: "denied", path: "keys/secret", code: "path_not_allowed", says: "belongs to the server"},
		{name: "pipe", path: "pipe", code: "bad_path", says: "is a pipe"},
		{name: "empty", path: " ", code: "bad_path", says: "is empty"},
		{name: "control character", path: "a\nb", code: "bad_path", says: "control character"},
		{name: "long name", path: strings.Repeat("x", 300), code: "bad_path", says: "255 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := roots.Read(tc.path)
			for i := range tc.want {
				tc.want[i] = filepath.Join(in, tc.want[i])
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			expect(t, err, tc.code, tc.says)
		})
	}
}

func TestDevicesAndSocketsAreRefused(t *testing.T) {
	t.Parallel()
	if _, err := (files.Roots{Base: "/", Allow: []string{"/dev"}}).Read("/dev/null"); err == nil {
		t.Error("a device can be read")
	}
	roots, in := world(t)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: in + "/s"})
	if err != nil {
		t.Skip("no sockets with such a long path")
	}
	defer l.Close()
	_, err = roots.Read("s")
	expect(t, err, "bad_path", "is a socket")
}

func TestWrite(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, path, want, code, says string }{
		{name: "new", path: "result.csv", want: "result.csv"},
		{name: "replaced", path: "orders.csv", want: "orders.csv"},
		{name: "new folders", path: "a/b/c.csv", want: "a/b/c.csv"},
		{name: "folder", path: "more", code: "bad_path", says: "is a folder"},
		{name: "link", path: "alias.csv", code: "bad_path", says: "a symbolic link"},
		{name: "pipe", path: "pipe", code: "bad_path", says: "a pipe"},
		{name: "outside", path: "../out/x.csv", code: "path_not_allowed", says: "outside"},
		{name: "through a link", path: "leakdir/x.csv", code: "path_not_allowed", says: "outside"},
		{name: "new folder through a link", path: "leakdir/new/x.csv", code: "path_not_allowed", says: "outside"},
		{name: "denied", path: "keys/new/x", code: "path_not_allowed", says: "belongs to the server"},
		{name: "under a file", path: "orders.csv/x.csv", code: "bad_path", says: "is not a folder"},
		{name: "the root itself", path: ".", code: "path_not_allowed", says: "outside"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			roots, in := world(t)
			got, err := roots.Write(tc.path)
			if tc.want != "" {
				tc.want = filepath.Join(in, tc.want)
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			expect(t, err, tc.code, tc.says)
			if _, err := os.Stat(in + "/../out/new"); err == nil {
				t.Error("a folder was made outside the roots")
			}
		})
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	roots, in := world(t)
	for path, code := range map[string]string{"parts/new": "", "more": "", "orders.csv": "bad_path", "leakdir": "bad_path", "../out": "path_not_allowed"} {
		got, err := roots.Folder(path)
		if code == "" && got != filepath.Join(in, path) {
			t.Errorf("Folder(%q) = %q", path, got)
		}
		expect(t, err, code, "")
	}
}

func expect(t *testing.T, err error, code, says string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("unexpected: %v", err)
		}
		return
	}
	if fault.KindOf(err) != fault.Invalid || fault.CodeOf(err) != code || !strings.Contains(fault.MessageOf(err), says) {
		t.Errorf("got %v (%s), want %s that says %q", err, fault.CodeOf(err), code, says)
	}
}

// FuzzStaysInside checks that whatever is asked for, the answer lies inside the
// roots, and that nothing is made outside them.
func FuzzStaysInside(f *testing.F) {
	for _, s := range []string{"orders.csv", "../out/other.csv", "leakdir/../../out/other.csv", "leakdir/x", "*/*", "/etc/passwd", "more/./../..//in/a", "~/x", "{a,b}", `\..\x`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		roots, in := world(t)
		read, err := roots.Read(path)
		fine(t, err)
		write, err := roots.Write(path)
		fine(t, err)
		folder, err := roots.Folder(path)
		fine(t, err)
		for _, p := range append(read, write, folder) {
			if p != "" && (!strings.HasPrefix(p, in+"/") || strings.HasPrefix(p, in+"/keys")) {
				t.Errorf("%q leads to %q", path, p)
			}
		}
		if out, _ := os.ReadDir(in + "/../out"); len(out) != 1 {
			t.Errorf("%q made something outside: %v", path, out)
		}
	})
}

func fine(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*fault.Error](err); err != nil && !ok {
		t.Errorf("%v is no fault", err)
	}
}
