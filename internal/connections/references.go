package connections

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
)

// longestSecret is how many bytes of a file are taken for a secret.
const longestSecret = 64 << 10

// ownPrefix begins names of the environment that are there for pipelines.
const ownPrefix = "BROKED_SECRET_"

// References are the places outside of the database that secrets may be in. The zero
// value has none but the environment's BROKED_SECRET_ names.
type References struct {
	Env   []string // names that may be read; one that ends with a star stands for all that begin so
	Files []string // folders, absolute, whose files may be read
	// Lookup reads the environment.
	Lookup func(name string) (string, bool)
	// Secret returns a secret variable of a workspace. One that is not there is a NotFound fault.
	Secret func(ctx context.Context, workspace auth.WorkspaceID, key string) (string, error)
	Vault  *Vault // nil: there is none
}

// secretShape is the key of a variable.
var secretShape = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,127}$`)

const refHelp = "must be env://NAME, file:///path/to/file or vault://MOUNT/PATH#FIELD, of what this server lets be read (--secret-env, --secret-files, --vault-paths), or secret://NAME of a secret variable"

// check returns why a reference cannot be kept, or "".
func (r References) check(ref string) string {
	scheme, rest, _ := strings.Cut(ref, "://")
	switch {
	case ref == "":
		return ""
	case scheme == "env" && r.allowed(rest):
		return ""
	case scheme == "env":
		return "names a variable that this server does not let be read: see --secret-env"
	case scheme == "vault":
		return r.Vault.check(rest)
	case scheme == "secret" && secretShape.MatchString(rest):
		return ""
	case scheme == "file" && r.inside(filepath.Clean(rest)):
		return ""
	case scheme == "file":
		return "names a file outside of the folders that this server lets be read: see --secret-files"
	}
	return refHelp
}

func (r References) allowed(name string) bool {
	return name != "" && slices.ContainsFunc(append([]string{ownPrefix + "*"}, r.Env...), func(may string) bool {
		prefix, star := strings.CutSuffix(may, "*")
		return name == may || star && strings.HasPrefix(name, prefix)
	})
}

func (r References) inside(path string) bool {
	return slices.ContainsFunc(r.Files, func(dir string) bool {
		rel, err := filepath.Rel(dir, path)
		return err == nil && filepath.IsLocal(rel) && rel != "."
	})
}

// read returns the secret that a reference names. One that cannot be read is an Invalid
// fault: nothing goes on without it.
func (r References) read(ctx context.Context, workspace auth.WorkspaceID, ref string) (string, error) {
	if why := r.check(ref); why != "" {
		return "", fault.New(fault.Invalid, "the reference %s %s", ref, why).With("secret_missing")
	}
	scheme, rest, _ := strings.Cut(ref, "://")
	if scheme == "env" {
		value, is := r.Lookup(rest)
		if !is || value == "" {
			return "", fault.New(fault.Invalid, "the server's environment has no %s, which a secret is taken from", rest).With("secret_missing")
		}
		return value, nil
	}
	switch scheme {
	case "vault":
		return r.Vault.read(ctx, rest)
	case "secret":
		secret, err := r.Secret(ctx, workspace, rest)
		if fault.KindOf(err) == fault.NotFound {
			err = fault.Wrap(fault.Invalid, err, "there is no secret variable %q, which a secret is taken from", rest).With("secret_missing")
		}
		return secret, err
	}
	return r.file(filepath.Clean(rest))
}

// file reads a secret. What a link leads to must be inside as well, as Kubernetes has it.
func (r References) file(path string) (string, error) {
	missing := func(cause error) error {
		return fault.Wrap(fault.Invalid, cause, "the file %s, which a secret is taken from, cannot be read", path).With("secret_missing")
	}
	at, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", missing(err)
	}
	actual := References{Files: slices.Clone(r.Files)}
	for _, dir := range r.Files {
		if dir, err := filepath.EvalSymlinks(dir); err == nil {
			actual.Files = append(actual.Files, dir)
		}
	}
	if !actual.inside(at) {
		return "", missing(errors.New("it leads out of the folder"))
	}
	info, err := os.Stat(at)
	if err != nil || !info.Mode().IsRegular() {
		return "", missing(errors.Join(err, errors.New("it is no file")))
	}
	f, err := os.Open(at)
	if err != nil {
		return "", missing(err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, longestSecret+1))
	if err != nil || len(text) > longestSecret || len(text) == 0 {
		return "", missing(errors.Join(err, errors.New("it is empty or too long")))
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}
