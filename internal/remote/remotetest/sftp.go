package remotetest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/broked/broked/internal/connection"
)

// sftpServers are where systems have OpenSSH's program for the subsystem.
var sftpServers = []string{"/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server", "/usr/libexec/sftp-server"}

// SFTP returns a connection to an SFTP server, whose files are in a folder of this machine.
// The program behind it is OpenSSH's, which is given the flags besides; without it the test
// fails.
func SFTP(t *testing.T, flags ...string) (c connection.Connection, folder string) {
	t.Helper()
	program := ""
	for _, path := range sftpServers {
		if _, err := os.Stat(path); err == nil {
			program = path
		}
	}
	if program == "" {
		t.Fatal("this machine has no sftp-server: make setup installs it (Debian: openssh-sftp-server)")
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{PasswordCallback: func(who ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		if who.User() == Key && string(password) == Secret {
			return &ssh.Permissions{}, nil
		}
		return nil, errors.New("no")
	}}
	config.AddHostKey(signer)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	s := &sshServer{config: config, program: program, folder: t.TempDir(), flags: flags}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(t.Context(), conn)
		}
	}()
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	number, _ := strconv.Atoi(port)
	return connection.Connection{
		Name: "drop", Type: connection.SFTP, Host: host, Port: number, Login: Key, Password: Secret,
		Options: map[string]any{"host_key": strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))},
	}, s.folder
}

// sshServer has a program do what is asked for as SFTP.
type sshServer struct {
	config  *ssh.ServerConfig
	program string
	folder  string
	flags   []string
}

func (s *sshServer) serve(ctx context.Context, conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for wanted := range channels {
		channel, asked, err := wanted.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range asked {
				is := r.Type == "subsystem" && strings.HasSuffix(string(r.Payload), "sftp")
				_ = r.Reply(is, nil)
				if is {
					go s.run(ctx, channel)
				}
			}
		}()
	}
}

func (s *sshServer) run(ctx context.Context, channel ssh.Channel) {
	defer func() { _ = channel.Close() }()
	cmd := exec.CommandContext(ctx, s.program, append([]string{"-e", "-d", s.folder}, s.flags...)...)
	cmd.Stdout, cmd.Stderr = channel, io.Discard
	in, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return
	}
	go func() {
		_, _ = io.Copy(in, channel)
		_ = in.Close()
	}()
	_ = cmd.Wait()
}
