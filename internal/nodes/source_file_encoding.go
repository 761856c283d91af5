package nodes

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"

	"github.com/broked/broked/internal/fault"
)

func isUTF8(name string) bool {
	n := strings.ToLower(strings.TrimSpace(name))
	return n == "" || n == "utf-8" || n == "utf8"
}

// decoderOf returns the encoding that a name stands for, nil for UTF-8.
func decoderOf(name string) (encoding.Encoding, error) { //nolint:ireturn // x/text has no other type for it
	if isUTF8(name) {
		return nil, nil
	}
	if strings.EqualFold(strings.TrimSpace(name), "utf-16") {
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), nil
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, settingFault("encoding", "there is no encoding %q; common ones are utf-8, windows-1252, iso-8859-1, utf-16 and shift_jis", name)
	}
	return e, nil
}

// inUTF8 returns the files as they are when they are in UTF-8, and else copies of
// them in temp. Without a setting, a byte order mark of UTF-16 is believed.
func (s *sourceFile) inUTF8(ctx context.Context, temp string, files []string) ([]string, error) {
	if s.format == formatParquet || s.staged() {
		return files, nil
	}
	asked, err := decoderOf(s.Encoding)
	if err != nil {
		return nil, err
	}
	ready := make([]string, len(files))
	for i, file := range files {
		// The copy keeps its name, because errors tell it, and its partitions.
		target := filepath.Join(temp, strconv.Itoa(i), partitionFolders(file), filepath.Base(file))
		done, err := transcode(ctx, file, target, asked)
		if err != nil {
			return nil, err
		}
		if ready[i] = file; done {
			ready[i] = target
		}
	}
	return ready, nil
}

// transcode writes file in UTF-8 to target, unless it is in UTF-8 already.
func transcode(ctx context.Context, file, target string, from encoding.Encoding) (bool, error) {
	in, err := openContent(file)
	if err != nil {
		return false, err
	}
	defer in.close()
	mark, _ := in.Peek(2)
	if from == nil && (bytes.Equal(mark, []byte{0xff, 0xfe}) || bytes.Equal(mark, []byte{0xfe, 0xff})) {
		from = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	}
	if from == nil {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return false, fmt.Errorf("make room for the decoded file: %w", err)
	}
	out, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // in the run's own folder
	if err != nil {
		return false, fmt.Errorf("make room for the decoded file: %w", err)
	}
	decoded := from.NewDecoder().Reader(&endable{ctx: ctx.Err, Reader: in})
	if _, err = io.Copy(out, decoded); err != nil {
		_ = out.Close()
		return false, fault.Wrap(fault.Invalid, err, "%s cannot be read in the encoding that was asked for", filepath.Base(file)).With("bad_encoding")
	}
	return true, out.Close()
}

// endable is a reader that ends with its context.
type endable struct {
	io.Reader
	ctx func() error
}

func (e *endable) Read(p []byte) (int, error) {
	if err := e.ctx(); err != nil {
		return 0, err
	}
	return e.Reader.Read(p)
}
