package nodes

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"golang.org/x/sync/errgroup"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/node"
	"github.com/broked/broked/internal/remote"
)

// fetchedAtOnce is how many files are fetched side by side.
const fetchedAtOnce = 4

// farSource is a file source whose files are on other machines. They are fetched into the
// run's own folder, where they are read as others are: the types of columns are found from
// the data, and Parquet is read from its end, so that everything is looked at several times.
type farSource struct {
	*sourceFile            // of the files that were fetched
	asked       sourceFile // as it was configured
	from        connection.Connection
}

func newFarSource(asked sourceFile) (node.Node, error) {
	f := &farSource{asked: asked}
	f.anew()
	return f, farPath(asked.pattern())
}

// anew forgets what was found.
func (f *farSource) anew() { f.sourceFile = new(f.asked) }

// farPath refuses a path that no file on another machine can have, unless it has a placeholder.
func farPath(name string) error {
	if err := remote.CheckName(name); err != nil && !strings.Contains(name, "${") {
		return settingFault("path", "%s", fault.MessageOf(err))
	}
	return nil
}

// Open implements node.Opener.
func (f *farSource) Open(_ context.Context, env node.Env) (_ node.Access, err error) {
	f.from, err = env.Connection(f.ConnID)
	return node.Access{Network: true}, err
}

// Inspect implements node.Inspector: it brings the files.
func (f *farSource) Inspect(ctx context.Context, env node.Env, _ []node.Relation) (node.Verdict, error) {
	f.anew() // another try may find other files
	temp, err := os.MkdirTemp(env.Temp, "fetched-")
	if err != nil {
		return node.Verdict{}, fmt.Errorf("make room for files: %w", err)
	}
	fetched, err := f.fetch(ctx, env, temp)
	if err == nil {
		err = f.settle(ctx, temp, fetched)
	}
	if err != nil {
		remove(temp)
	}
	return node.Verdict{}, err
}

// fetch brings the files into a folder, and returns where they are, in the order of their
// names elsewhere.
func (f *farSource) fetch(ctx context.Context, env node.Env, temp string) ([]string, error) {
	place, err := remote.Open(f.from, *env.Out)
	if err != nil {
		return nil, err
	}
	defer place.Close()
	found, err := place.Find(ctx, f.pattern())
	if err != nil {
		return nil, err
	}
	if err := fits(found, env.Disk); err != nil {
		return nil, err
	}
	targets := make([]string, len(found))
	fetching, stopping := errgroup.WithContext(ctx)
	fetching.SetLimit(fetchedAtOnce)
	for i, file := range found {
		// A copy keeps its name, because errors tell it, and its partitions.
		targets[i] = filepath.Join(temp, "files", strconv.Itoa(i), partitionFolders(file.Name), path.Base(file.Name))
		fetching.Go(func() error { return bring(stopping, place, file, targets[i]) })
	}
	return targets, fetching.Wait()
}

// fits refuses more than a run may put on the disk.
func fits(found []remote.File, most int64) error {
	var size int64
	for _, file := range found {
		size += file.Size
	}
	if most > 0 && size > most {
		return fault.New(fault.Exhausted, "the files have %s together, and a run may have %s on the disk: name fewer, or give it more with --run-memory",
			humanize.IBytes(uint64(size)), humanize.IBytes(uint64(most))).With("spill_limit")
	}
	return nil
}

// bring writes a file to target.
func bring(ctx context.Context, place *remote.Place, file remote.File, target string) (err error) {
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return fmt.Errorf("make room for a file: %w", err)
	}
	out, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // in the run's own folder
	if err != nil {
		return fmt.Errorf("make room for a file: %w", err)
	}
	defer func() {
		if closed := out.Close(); err == nil {
			err = closed
		}
	}()
	return place.Fetch(ctx, file, out)
}

// placed returns the sink that writes to where the settings say.
func (s *sinkFile) placed() node.Node {
	if s.ConnID == "" {
		return s
	}
	return &farSink{sinkFile: s}
}

// farOnly refuses settings that mean nothing for a file on another machine.
func (s *sinkFile) farOnly() error {
	switch {
	case s.ConnID == "":
		return nil
	case len(s.PartitionBy) > 0:
		return settingFault("partition_by", "is for folders on the server's disk: many files elsewhere cannot take the place of others in one step. Leave it out, or conn_id")
	}
	return farPath(s.Path)
}

// farSink is a file sink whose file goes to another machine. It is written into the run's own
// folder first, and sent when it is complete.
type farSink struct {
	*sinkFile
	to connection.Connection
}

// Open implements node.Opener.
func (f *farSink) Open(_ context.Context, env node.Env) (_ node.Access, err error) {
	if err := farPath(f.Path); err != nil {
		return node.Access{}, err
	}
	f.to, err = env.Connection(f.ConnID)
	f.temp = filepath.Join(env.Temp, path.Base(f.Path))
	f.target = f.temp // what was written is read again from here
	return node.Access{Network: true, Elsewhere: []string{whereIs(f.to, f.Path)}}, err
}

// whereIs returns a text that is the same for all ways to name one file elsewhere.
func whereIs(c connection.Connection, name string) string {
	if c.Type != connection.SFTP {
		name = strings.TrimPrefix(name, "/") // a key begins with none
	} else if !path.IsAbs(name) && path.IsAbs(c.Schema) {
		name = path.Join(c.Schema, name)
	}
	return strings.Join([]string{c.Type, strings.ToLower(strings.TrimRight(c.Host, "/")), strconv.Itoa(c.Port), map[bool]string{true: c.Login, false: c.Schema}[c.Type == connection.SFTP], name}, "\n")
}

// Write implements node.Sink.
func (f *farSink) Write(ctx context.Context, env node.Env, in node.Relation) (int64, node.Relation, error) {
	remove(f.temp) // of another try
	rows, err := f.write(ctx, env, in)
	if err != nil {
		return 0, node.Relation{}, err
	}
	place, err := remote.Open(f.to, *env.Out)
	if err != nil {
		return 0, node.Relation{}, err
	}
	defer place.Close()
	if err := place.Store(ctx, f.Path, f.temp, attemptOf(env).Held); err != nil {
		return 0, node.Relation{}, err
	}
	return rows, f.back(in), nil
}
