package remote

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// partial is how the names of files end that are still being written. They begin with a dot.
const partial = ".part"

// maxDepth is how deep folders are looked into.
const maxDepth = 32

// server speaks SFTP. It has one connection, which is made when it is needed and again when
// it was lost.
type server struct {
	dialer  *outbound.Dialer
	address string
	host    string
	folder  string // that paths begin in; empty is the one of the login
	config  ssh.ClientConfig
	key     *hostKey

	mu     sync.Mutex
	client *sftp.Client
	conn   io.Closer
}

type sftpOptions struct {
	HostKey    string `json:"host_key"`
	PrivateKey string `json:"private_key"`
	Passphrase string `json:"passphrase"`
}

func openSFTP(c connection.Connection, exit outbound.Exit) (*server, error) {
	var o sftpOptions
	if err := c.Into(&o); err != nil {
		return nil, err
	}
	key, err := parseHostKey(o.HostKey)
	if err != nil {
		return nil, err
	}
	methods, err := o.methods(c.Password)
	if err != nil {
		return nil, err
	}
	s := &server{dialer: exit.Dialer(), address: c.Address(), host: c.Host, folder: strings.TrimSuffix(c.Schema, "/"), key: key}
	s.config = ssh.ClientConfig{User: c.Login, Auth: methods, HostKeyAlgorithms: key.algorithms(), ClientVersion: "SSH-2.0-broked"}
	return s, nil
}

// methods are the ways to say who is calling.
func (o sftpOptions) methods(password string) ([]ssh.AuthMethod, error) {
	var methods []ssh.AuthMethod
	if o.PrivateKey != "" {
		var signer ssh.Signer
		var err error
		if o.Passphrase != "" {
			signer, err = ssh.ParsePrivateKeyWithPassphrase([]byte(o.PrivateKey), []byte(o.Passphrase))
		} else {
			signer, err = ssh.ParsePrivateKey([]byte(o.PrivateKey))
		}
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "private_key cannot be read: it must be a key as ssh-keygen writes it, and passphrase its passphrase if it has one").With("bad_connection")
		}
		methods = append(methods, ssh.PublicKeys(signer))
	}
	if password != "" {
		methods = append(methods, ssh.Password(password), ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
			answers := make([]string, len(questions))
			for i := range answers {
				answers[i] = password
			}
			return answers, nil
		}))
	}
	if len(methods) == 0 {
		return nil, fault.New(fault.Invalid, "the connection needs a password, or a private_key").With("bad_connection")
	}
	return methods, nil
}

// use calls do with the client, and does without it from then on when it has lost its
// connection.
func (s *server) use(ctx context.Context, name string, do func(*sftp.Client) error) error {
	client, err := s.connected(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { s.drop(client) }) // what waits for an answer ends
	defer stop()
	err = s.fault(ctx, do(client), name)
	if fault.CodeOf(err) == "connection_lost" {
		s.drop(client)
	}
	return err
}

// connected returns the client, and makes one when there is none.
func (s *server) connected(ctx context.Context) (*sftp.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		return s.client, nil
	}
	raw, err := s.dialer.DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	shown := false
	config := s.config
	config.HostKeyCallback = func(_ string, _ net.Addr, key ssh.PublicKey) error {
		shown = true
		return s.key.check(s.host, key)
	}
	conn, channels, requests, err := ssh.NewClientConn(patient{raw}, s.address, &config)
	if err != nil {
		_ = raw.Close()
		return nil, s.handshake(ctx, err, shown)
	}
	over := ssh.NewClient(conn, channels, requests)
	client, err := sftp.NewClient(over, sftp.UseConcurrentWrites(true))
	if err != nil {
		_ = over.Close()
		return nil, fault.Wrap(fault.Invalid, err, "%s lets %s in, but has no SFTP", s.host, s.config.User).With("permission_denied")
	}
	s.client, s.conn = client, over
	return client, nil
}

// handshake puts into words why there is no connection. Shown says that the server has shown
// a key; if that was the right one, what it refuses is who is calling.
func (s *server) handshake(ctx context.Context, err error, shown bool) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if known, is := errors.AsType[*fault.Error](err); is {
		return known
	}
	network, is := errors.AsType[net.Error](err)
	switch {
	case is && network.Timeout():
		return outbound.Explain(s.host, err)
	case is || errors.Is(err, io.EOF):
		return lost(err, s.host+" was greeted")
	case shown:
		return fault.Wrap(fault.Invalid, err, "%s does not let %s in", s.host, s.config.User).With("login_failed")
	}
	return fault.Wrap(fault.Invalid, err, "%s cannot be spoken to by SSH, or has no key of the sort of host_key", s.host).With("host_key_differs")
}

// patient is a connection that is given up when nothing has come for too long.
type patient struct{ net.Conn }

// Read implements net.Conn.
func (p patient) Read(b []byte) (int, error) {
	if err := p.SetReadDeadline(time.Now().Add(stall)); err != nil {
		return 0, err
	}
	return p.Conn.Read(b)
}

// Write implements net.Conn.
func (p patient) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(stall)); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}

// drop closes the connection of a client, if it is still the one.
func (s *server) drop(client *sftp.Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil && s.client == client {
		_ = s.conn.Close() // first: the client's own waits for the server
		_ = client.Close()
		s.client = nil
	}
}

func (s *server) close() {
	s.mu.Lock()
	client := s.client
	s.mu.Unlock()
	s.drop(client)
}

// fault puts an error of the server or of the network into words.
func (s *server) fault(ctx context.Context, err error, name string) error {
	status, answered := errors.AsType[*sftp.StatusError](err)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return stalled(ctx, ctx.Err())
	case errors.Is(err, fs.ErrNotExist):
		return missing(name, s.host)
	case errors.Is(err, fs.ErrPermission):
		return refused("permission_denied", "%s is not permitted to do this with %s at %s", s.config.User, name, s.host)
	case answered && status.FxCode() != sftp.ErrSSHFxConnectionLost && status.FxCode() != sftp.ErrSSHFxNoConnection:
		return refused("bad_answer", "%s refuses this with %s: %s", s.host, name, outbound.Said(status.Error()))
	}
	if known, is := errors.AsType[*fault.Error](err); is {
		if fault.IsTransient(err) {
			return fault.Transient(known)
		}
		return known
	}
	return lost(err, s.host+" was spoken to")
}

// at returns where a path is on the server.
func (s *server) at(name string) string {
	if path.IsAbs(name) || s.folder == "" {
		return name
	}
	return s.folder + "/" + name
}

func (s *server) stat(ctx context.Context, name string) (File, error) {
	var f File
	err := again(ctx, func() error {
		return s.use(ctx, name, func(c *sftp.Client) error {
			info, err := c.Stat(s.at(name))
			if err == nil {
				f, err = fileOf(name, info)
			}
			return err
		})
	})
	return f, err
}

func fileOf(name string, info fs.FileInfo) (File, error) {
	if !info.Mode().IsRegular() {
		return File{}, fault.New(fault.Invalid, "%q is no regular file", name).With("bad_path")
	}
	return File{Name: name, Size: info.Size(), Modified: info.ModTime()}, nil
}

func (s *server) list(ctx context.Context, folder, _ string, give func(File) error) error {
	return s.use(ctx, cmp.Or(folder, "the folder"), func(c *sftp.Client) error { return s.walk(ctx, c, folder, 0, give) })
}

// walk gives the files of a folder and of those in it. Links lead nowhere, lest they lead
// around; what may not be seen is passed over, except where the walk begins.
func (s *server) walk(ctx context.Context, c *sftp.Client, folder string, depth int, give func(File) error) error {
	if depth > maxDepth {
		return nil
	}
	entries, err := c.ReadDirContext(ctx, cmp.Or(s.at(folder), "."))
	if err != nil {
		if depth > 0 && errors.Is(err, fs.ErrPermission) {
			return nil
		}
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if folder != "" {
			name = strings.TrimSuffix(folder, "/") + "/" + name
		}
		switch {
		case strings.ContainsAny(e.Name(), "/\x00") || strings.HasPrefix(e.Name(), "."):
			continue
		case e.IsDir():
			err = s.walk(ctx, c, name, depth+1, give)
		case e.Mode().IsRegular():
			err = give(File{Name: name, Size: e.Size(), Modified: e.ModTime()})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *server) open(ctx context.Context, f File, from int64) (io.ReadCloser, error) {
	var opened *sftp.File
	var through *sftp.Client
	err := s.use(ctx, f.Name, func(c *sftp.Client) error {
		through = c
		now, err := c.Stat(s.at(f.Name))
		if err != nil {
			return err
		}
		if !now.Mode().IsRegular() || now.Size() != f.Size || !now.ModTime().Equal(f.Modified) {
			return differs(f.Name)
		}
		if opened, err = c.Open(s.at(f.Name)); err != nil {
			return err
		}
		_, err = opened.Seek(from, io.SeekStart)
		return err
	})
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { s.drop(through) })
	return &reading{opened, s, through, func() { stop() }}, nil
}

// reading is a file that is read. When that fails, the next try is made over another
// connection.
type reading struct {
	*sftp.File
	server  *server
	through *sftp.Client
	stop    func()
}

// WriteTo implements io.WriterTo: it asks for several parts at once.
func (r *reading) WriteTo(w io.Writer) (int64, error) {
	n, err := r.File.WriteTo(w)
	if err != nil {
		r.server.drop(r.through)
	}
	return n, err
}

// Read implements io.Reader.
func (r *reading) Read(b []byte) (int, error) {
	n, err := r.File.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		r.server.drop(r.through)
	}
	return n, err
}

// Close implements io.Closer.
func (r *reading) Close() error {
	r.stop()
	return r.File.Close()
}

func (s *server) look(ctx context.Context) (string, error) {
	where := cmp.Or(s.folder, ".")
	err := s.use(ctx, where, func(c *sftp.Client) error {
		_, err := c.ReadDirContext(ctx, where)
		return err
	})
	return "The folder " + where + " lists its files", err
}

// store writes beside the file, and puts that in its place in one step.
func (s *server) store(ctx context.Context, name string, from io.ReaderAt, size int64, held func(context.Context) error) error {
	target := s.at(name)
	temp := path.Join(path.Dir(target), "."+shortened(path.Base(target))+"."+rand.Text()[:8]+partial)
	return again(ctx, func() error {
		err := s.use(ctx, name, func(c *sftp.Client) error { return send(ctx, c, temp, target, io.NewSectionReader(from, 0, size)) })
		if err == nil {
			err = held(ctx)
		}
		if err == nil {
			err = s.use(ctx, name, func(c *sftp.Client) error { return s.replace(c, temp, target) })
		}
		if err != nil {
			last, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer stop()
			_ = s.use(last, name, func(c *sftp.Client) error { return c.Remove(temp) })
		}
		return err
	})
}

// shortened leaves room for the rest of a temporary name.
func shortened(name string) string { return name[:min(len(name), 200)] }

// send writes the temporary file, whole and onto the disk if the server lets that be asked.
func send(ctx context.Context, c *sftp.Client, temp, target string, from io.Reader) (err error) {
	if info, err := c.Stat(target); err == nil && !info.Mode().IsRegular() {
		return fault.New(fault.Invalid, "%q is no regular file", target).With("bad_path")
	}
	if err := c.MkdirAll(path.Dir(target)); err != nil {
		return err
	}
	f, err := c.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	sweep(ctx, c, temp, target)
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.ReadFrom(from); err != nil {
		return err
	}
	if _, has := c.HasExtension("fsync@openssh.com"); has {
		return f.Sync()
	}
	return nil
}

// replace makes temp the file target, in one step.
func (s *server) replace(c *sftp.Client, temp, target string) error {
	if _, has := c.HasExtension("posix-rename@openssh.com"); has {
		return c.PosixRename(temp, target)
	}
	if _, err := c.Lstat(target); err == nil {
		return refused("cannot_replace", "%s cannot replace %s in one step: write to a name that is not there yet", s.host, path.Base(target))
	}
	return c.Rename(temp, target)
}

// sweep removes what writers of the same file have left behind that were killed, by the
// clock of the server.
func sweep(ctx context.Context, c *sftp.Client, temp, target string) {
	now, err := c.Stat(temp)
	if err != nil {
		return
	}
	entries, err := c.ReadDirContext(ctx, path.Dir(target))
	if err != nil {
		return
	}
	for _, e := range entries {
		ours := strings.HasPrefix(e.Name(), "."+shortened(path.Base(target))+".") && strings.HasSuffix(e.Name(), partial)
		if ours && e.Mode().IsRegular() && now.ModTime().Sub(e.ModTime()) > abandoned {
			_ = c.Remove(path.Join(path.Dir(target), e.Name()))
		}
	}
}
