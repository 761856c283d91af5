package main

import (
	"testing"
	"testing/fstest"
)

func TestMemoryOfTheControlGroup(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for name, tc := range map[string]struct {
		files fstest.MapFS
		want  uint64
	}{
		"no groups":        {fstest.MapFS{}, unlimited},
		"without a limit":  {fstest.MapFS{"proc/self/cgroup": file("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": file("max\n")}, unlimited},
		"of the group":     {fstest.MapFS{"proc/self/cgroup": file("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": file("1000\n"), "sys/fs/cgroup/a/memory.max": file("2000\n")}, 1000},
		"of the one above": {fstest.MapFS{"proc/self/cgroup": file("0::/a/b\n"), "sys/fs/cgroup/a/b/memory.max": file("max\n"), "sys/fs/cgroup/a/memory.max": file("2000\n")}, 2000},
		"in a container":   {fstest.MapFS{"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("3000\n")}, 3000},
		"path of the host": {fstest.MapFS{"proc/self/cgroup": file("0::/docker/x\n"), "sys/fs/cgroup/memory.max": file("3000\n")}, 3000},
		"version 1": {fstest.MapFS{
			"proc/self/cgroup": file("5:cpu:/a\n4:memory:/a\n0::/\n"),
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": file("4000\n"), "sys/fs/cgroup/memory/memory.limit_in_bytes": file("9223372036854771712\n"),
		}, 4000},
		"nonsense": {fstest.MapFS{"proc/self/cgroup": file("what\n0::/\n"), "sys/fs/cgroup/memory.max": file("-1\n")}, unlimited},
	} {
		if got := groupMemory(tc.files); got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
	}
}

func TestTheShareOfARun(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		total uint64
		runs  int
		flag  int64 // MB
		want  int64
	}{
		{total: 10 << 30, runs: 1, want: 6 << 30},
		{total: 10 << 30, runs: 2, want: 3 << 30},
		{total: 1 << 30, runs: 100, want: 64 << 20},
		{total: 10 << 30, runs: 2, flag: 500, want: 500 << 20},
		{total: 10 << 30, runs: 2, flag: 1, want: 64 << 20},
	} {
		l := limitFlags{RunMemory: tc.flag}.limitsOf(tc.total, tc.runs)
		if l.Memory != tc.want || l.Spill != 16*tc.want || l.Threads < 1 {
			t.Errorf("%+v: %+v", tc, l)
		}
	}
}
