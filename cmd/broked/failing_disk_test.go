package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFailingDisk: when the disk with the folders of runs takes no more writes, as file systems
// do after errors of the device, runs fail with words and everything can be read. When it is
// back all goes on without a restart.
func TestFailingDisk(t *testing.T) {
	t.Parallel()
	disk, dir := small(t, 24), t.TempDir()
	data := filepath.Join(dir, "broked-data")
	rows(t, dir, "in.csv", 30)
	s := serve(t, dir)
	must(t, syscall.Mount(disk, filepath.Join(data, "runs"), "", syscall.MS_BIND, ""))
	t.Cleanup(func() { _ = syscall.Unmount(filepath.Join(data, "runs"), syscall.MNT_DETACH) })
	first := s.start("p", "in.csv", harmless, "out.csv")
	if got := s.ended(first.ID); got.Status != "success" {
		t.Fatalf("the first run is %s: %s", got.Status, got.Error)
	}

	must(t, syscall.Mount("", filepath.Join(data, "runs"), "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""))
	got := s.ended(s.again("p").ID)
	if got.Status != "failed" || got.Code != "disk_failed" || !strings.Contains(got.Error, "read-only file system") {
		t.Errorf("without a disk the run is %s (%s): %s", got.Status, got.Code, got.Error)
	}
	for _, path := range []string{"/health", "/ready", "/api/pipelines/p", "/api/runs", "/api/runs/" + first.ID + "/logs", "/api/runs/" + first.ID + "/nodes/work/preview"} {
		s.call("GET", path, "", 200, nil)
	}

	must(t, syscall.Mount("", filepath.Join(data, "runs"), "", syscall.MS_REMOUNT|syscall.MS_BIND, ""))
	if again := s.ended(s.again("p").ID); again.Status != "success" {
		t.Errorf("with a disk again the run is %s: %s", again.Status, again.Error)
	}
}
