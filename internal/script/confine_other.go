//go:build !linux

package script

import (
	"errors"
	"os"
	"os/exec"
)

// confined is for Linux: nowhere else can a script be shut in.
func confined(cell, func() *exec.Cmd) (*exec.Cmd, error) { return nil, errors.ErrUnsupported }

func widen(*os.File) {}

func landlockHere() int { return 0 }

func machineHere() machine { return machine{namespaces: errors.ErrUnsupported} }
