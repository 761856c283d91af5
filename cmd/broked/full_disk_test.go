package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// small mounts a disk of so many megabytes, for as long as the test runs.
func small(t *testing.T, megabytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+itoa(megabytes)+"m"); err != nil {
		t.Skip("a small disk takes the right to mount one:", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// ballast fills a disk until nothing more fits, and returns what gives the room back.
func ballast(t *testing.T, dir string) (away func()) {
	t.Helper()
	name := filepath.Join(dir, "ballast")
	f, err := os.Create(name)
	must(t, err)
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	must(t, f.Close())
	return func() { must(t, os.Remove(name)) }
}

func code(t *testing.T, answer string) string {
	t.Helper()
	var body struct{ Code string }
	must(t, json.Unmarshal([]byte(answer), &body))
	return body.Code
}

// TestFullDisk: on a disk without room nothing starts and everything can be read; when
// there is room again all goes on without a restart.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	for name, reserve := range map[string]string{"watermark": "8", "nothing reserved": "0"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk, dir := small(t, 24), t.TempDir()
			rows(t, dir, "in.csv", 10)
			s := serve(t, dir, "--data", filepath.Join(disk, "data"), "--disk-reserve", reserve)
			first := s.start("p", "in.csv", harmless, "out.csv")
			s.follow(first.ID)
			away := ballast(t, disk)
			for range 3 {
				answer := s.call("POST", "/api/pipelines/p/run", "", 507, nil)
				if got := code(t, answer); got != "storage_full" {
					t.Errorf("the code is %q", got)
				}
			}
			if got := s.run(first.ID).Status; got != "success" {
				t.Errorf("the first run is %s on a full disk", got)
			}
			for _, path := range []string{"/health", "/api/pipelines", "/api/runs", "/api/pipelines/p", "/api/runs/" + first.ID + "/logs"} {
				s.call("GET", path, "", 200, nil)
			}
			if info := s.call("GET", "/api/system/info", "", 200, nil); reserve != "0" && !strings.Contains(info, `"full":true`) {
				t.Errorf("the system tells %s", info)
			}
			away()
			again := s.again("p")
			s.follow(again.ID)
			if got := s.run(again.ID); got.Status != "success" {
				t.Errorf("with room again the run is %s: %s", got.Status, got.Error)
			}
			var list []runState
			if s.call("GET", "/api/runs", "", 200, &list); len(list) != 2 {
				t.Errorf("there are %d runs, want the first and the last", len(list))
			}
		})
	}
}
