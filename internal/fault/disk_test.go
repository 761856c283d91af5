package fault_test

import (
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/broked/broked/internal/fault"
)

func TestOfDisk(t *testing.T) {
	t.Parallel()
	for number, code := range map[syscall.Errno]string{
		syscall.ENOSPC: "disk_full", syscall.EDQUOT: "disk_full", syscall.EIO: "disk_failed", syscall.EROFS: "disk_failed", syscall.EINVAL: "internal",
	} {
		err := fmt.Errorf("make run folder: %w", &fs.PathError{Op: "mkdir", Path: "/secret", Err: number})
		if got := fault.OfDisk(err); fault.CodeOf(got) != code {
			t.Errorf("%v: %v", number, got)
		}
		known := fault.Wrap(fault.Invalid, err, "words").With("known")
		if got := fault.OfDisk(known); fault.CodeOf(got) != "known" {
			t.Errorf("%v in other words: %v", number, got)
		}
	}
	if fault.OfDisk(nil) != nil {
		t.Error("nothing is an error")
	}
}
