package fault

import (
	"errors"
	"slices"
	"syscall"
)

// OfDisk puts an error of a disk that is full, or that fails, into words: Unavailable with
// the code disk_full or disk_failed. An error that is neither, or that somebody has put
// into words already, stays as it is.
func OfDisk(err error) error {
	var number syscall.Errno
	if KindOf(err) != Internal || !errors.As(err, &number) {
		return err
	}
	switch {
	case slices.Contains([]syscall.Errno{syscall.ENOSPC, syscall.EDQUOT}, number):
		return Wrap(Unavailable, err, "the disk is full: make room where the run's temporary files and results go").With("disk_full")
	case slices.Contains([]syscall.Errno{syscall.EIO, syscall.EROFS, syscall.ENXIO, syscall.ENODEV, syscall.ESTALE}, number):
		return Wrap(Unavailable, err, "the disk with the files of the run has failed: %s; look at the system's log, then run again", number.Error()).With("disk_failed")
	}
	return err
}
