package contacts

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/broked/broked/internal/fault"
)

// Files is the folder of attachments, absolute. In it each contact has a folder of
// its own, named by its id, with a file for each attachment.
type Files string

func (f Files) open(a Attachment) (*os.File, error) { return os.Open(f.path(a)) }

func (f Files) path(a Attachment) string {
	return filepath.Join(string(f), string(a.Contact), a.ID)
}

// Erase removes the files of a contact.
func (f Files) Erase(id ID) error { return os.RemoveAll(filepath.Join(string(f), string(id))) }

// contacts returns whose files there are.
func (f Files) contacts() ([]ID, error) {
	entries, err := os.ReadDir(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	all := make([]ID, 0, len(entries))
	for _, e := range entries {
		all = append(all, ID(e.Name()))
	}
	return all, err
}

// put writes the file of a and returns a with its size and its SHA-256. The file
// is there whole, or not at all, and only we may read it.
func (f Files) put(a Attachment, content io.Reader) (Attachment, error) {
	target := f.path(a)
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return a, err
	}
	temp, err := os.CreateTemp(filepath.Dir(target), ".new-*")
	if err != nil {
		return a, err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	sum := sha256.New()
	a.Size, err = io.Copy(io.MultiWriter(temp, sum), content)
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return a, err
	}
	a.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if err := os.Rename(temp.Name(), target); err != nil {
		return a, err
	}
	dir, err := os.Open(filepath.Dir(target))
	if err != nil {
		return a, err
	}
	return a, errors.Join(dir.Sync(), dir.Close())
}

// head is how many bytes decide whether a file is a PDF: its mark may have some
// bytes before it (ISO 32000-2, annex I).
const head = 1024

// checkType returns a fault unless a file with such a beginning, of such a type,
// may be an attachment of that role.
func checkType(role Role, contentType string, beginning []byte) error {
	kind, _, err := mime.ParseMediaType(contentType)
	if role != Resume {
		return nil
	}
	switch kind {
	case "application/pdf", "application/x-pdf", "application/octet-stream", "binary/octet-stream", "":
	default:
		err = errors.New(kind)
	}
	if contentType == "" {
		err = nil
	}
	if err != nil || !strings.Contains(string(beginning), "%PDF-") {
		return fault.Wrap(fault.Invalid, err, "the resume is not a PDF").With("not_a_pdf")
	}
	return nil
}

// nameOf returns what a file is called: by its server, else by its address. It
// has no folder, no control characters and at most 200 bytes.
func nameOf(a Attachment, disposition string) string {
	name := ""
	if _, params, err := mime.ParseMediaType(disposition); err == nil {
		name = params["filename"]
	}
	if u, err := url.Parse(a.URL); err == nil && name == "" {
		name = u.Path
	}
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, path.Base(strings.ReplaceAll(name, `\`, "/")))
	name = strings.TrimLeft(name, ". ")
	if ext := path.Ext(name); len(name) > 200 && len(ext) < 20 {
		name = name[:200-len(ext)] + ext
	} else if len(name) > 200 {
		name = name[:200]
	}
	name = strings.ToValidUTF8(name, "")
	if name == "" || name == "/" {
		name = string(a.Role)
	}
	return name
}
