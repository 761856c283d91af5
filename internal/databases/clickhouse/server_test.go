package clickhouse_test

import (
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases/clickhouse"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/outbound"
)

// revision is that of the protocol, before what the tests do not need.
const revision = 54453

// answer is what comes of a statement: a fault, columns, or nothing.
type answer struct {
	code    int
	words   string
	columns []proto.InputColumn
}

// fake speaks the native protocol of ClickHouse by the library that the driver is made of.
// It is no ClickHouse: its answers are prepared, and what it is asked is looked at.
type fake struct {
	net.Listener

	answer func(sql string) *answer

	mu       sync.Mutex
	asked    []string
	settings []string
	blocks   []proto.Results
}

func newFake(t *testing.T, what func(sql string) *answer) *fake {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{Listener: l, answer: what}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				(&session{fake: f, conn: conn, r: proto.NewReader(conn)}).serve()
			}()
		}
	}()
	return f
}

func (f *fake) at(options ...any) driven.Server {
	c := connection.Connection{Type: connection.ClickHouse, Host: "127.0.0.1", Port: f.Addr().(*net.TCPAddr).Port, Schema: "shop", Login: "loader", Password: "s3cret-canary", Options: map[string]any{}}
	for i := 0; i < len(options); i += 2 {
		c.Options[options[i].(string)] = options[i+1]
	}
	return clickhouse.At(c, &outbound.Dialer{Policy: outbound.Policy{Allow: outbound.Loopback()}})
}

// statements returns what was asked that has a word in it.
func (f *fake) statements(word string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.asked), func(s string) bool { return !strings.Contains(s, word) })
}

type session struct {
	fake       *fake
	conn       net.Conn
	r          *proto.Reader
	compressed bool
}

func (s *session) send(b *proto.Buffer) error {
	_, err := s.conn.Write(b.Buf)
	return err
}

func (s *session) serve() {
	for {
		code, err := s.r.UVarInt()
		if err != nil {
			return
		}
		switch proto.ClientCode(code) {
		case proto.ClientCodeHello:
			err = s.hello()
		case proto.ClientCodeQuery:
			err = s.query()
		case proto.ClientCodePing:
			err = s.send(&proto.Buffer{Buf: []byte{byte(proto.ServerCodePong)}})
		default: // such as TLS
			return
		}
		if err != nil {
			return
		}
	}
}

func (s *session) hello() error {
	var h proto.ClientHello
	if err := h.Decode(s.r); err != nil {
		return err
	}
	if said := s.fake.answer("login"); said != nil {
		return s.refuse(said)
	}
	b := &proto.Buffer{}
	(&proto.ServerHello{Name: "fake", Major: 24, Minor: 8, Revision: revision, Timezone: "Europe/Berlin", DisplayName: "fake"}).EncodeAware(b, revision)
	return s.send(b)
}

func (s *session) refuse(said *answer) error {
	b := &proto.Buffer{}
	proto.ServerCodeException.Encode(b)
	(&proto.Exception{Code: proto.Error(said.code), Name: "DB::Exception", Message: said.words}).EncodeAware(b, revision)
	return s.send(b)
}

// data reads a block, and reports whether it is the last.
func (s *session) data(into *proto.Results) (bool, error) {
	var d proto.ClientData
	if err := d.DecodeAware(s.r, revision); err != nil {
		return false, err
	}
	if s.compressed {
		s.r.EnableCompression()
		defer s.r.DisableCompression()
	}
	var b proto.Block
	err := b.DecodeBlock(s.r, revision, into.Auto())
	return b.End(), err
}

func (s *session) block(columns []proto.InputColumn) error {
	rows := 0
	if len(columns) > 0 {
		rows = columns[0].Data.Rows()
	}
	head, body := &proto.Buffer{}, &proto.Buffer{}
	proto.ServerCodeData.Encode(head)
	head.PutString("")
	if err := (proto.Block{Columns: len(columns), Rows: rows}).EncodeBlock(body, revision, columns); err != nil {
		return err
	}
	if s.compressed {
		w := compress.NewWriter(compress.LevelZero, compress.LZ4)
		if err := w.Compress(body.Buf); err != nil {
			return err
		}
		body.Buf = w.Data
	}
	head.Buf = append(head.Buf, body.Buf...)
	return s.send(head)
}

func (s *session) query() error {
	var q proto.Query
	if err := q.DecodeAware(s.r, revision); err != nil {
		return err
	}
	s.compressed = q.Compression == proto.CompressionEnabled
	if _, err := s.r.UVarInt(); err != nil { // that there are no tables of the client's
		return err
	}
	if _, err := s.data(&proto.Results{}); err != nil {
		return err
	}
	s.fake.mu.Lock()
	s.fake.asked = append(s.fake.asked, q.Body)
	for _, one := range q.Settings {
		s.fake.settings = append(s.fake.settings, one.Key+"="+one.Value)
	}
	s.fake.mu.Unlock()
	said := s.fake.answer(q.Body)
	inserts := strings.HasPrefix(q.Body, "INSERT INTO")
	switch {
	case said != nil && said.code != 0 && !inserts:
		return s.refuse(said)
	case inserts:
		return s.insert(said)
	case said != nil:
		if err := s.block(said.columns); err != nil {
			return err
		}
	}
	return s.send(&proto.Buffer{Buf: []byte{byte(proto.ServerCodeEndOfStream)}})
}

// insert tells the columns of a table and takes its rows.
func (s *session) insert(said *answer) error {
	if err := s.block(said.columns); err != nil {
		return err
	}
	for {
		if _, err := s.r.UVarInt(); err != nil {
			return err
		}
		var rows proto.Results
		last, err := s.data(&rows)
		if err != nil {
			return err
		}
		if last {
			break
		}
		s.fake.mu.Lock()
		s.fake.blocks = append(s.fake.blocks, rows)
		s.fake.mu.Unlock()
	}
	if said.code != 0 {
		return s.refuse(said)
	}
	return s.send(&proto.Buffer{Buf: []byte{byte(proto.ServerCodeEndOfStream)}})
}

// strs is a column of texts.
func strs(name string, values ...string) proto.InputColumn {
	c := &proto.ColStr{}
	for _, v := range values {
		c.Append(v)
	}
	return proto.InputColumn{Name: name, Data: c}
}
