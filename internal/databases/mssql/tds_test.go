package mssql_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/databases/driven"
	"github.com/broked/broked/internal/databases/mssql"
	"github.com/broked/broked/internal/outbound"
)

// The packets of TDS, and its tokens, by their numbers in MS-TDS.
const (
	packBatch, packRPC, packReply, packAttention, packBulk, packTran, packLogin, packPrelogin = 1, 3, 4, 6, 7, 14, 16, 18

	tokenMeta, tokenError, tokenLoginAck, tokenRow, tokenEnv, tokenDone = 0x81, 0xaa, 0xad, 0xd1, 0xe3, 0xfd
)

// fake speaks as much of TDS as the driver wants to hear. It is no SQL Server: what it is
// asked is compared with what it should be asked, and its answers are prepared.
type fake struct {
	net.Listener

	// answer returns the tokens for a statement, or nil for one that yields nothing.
	answer func(sql string) []byte

	mu    sync.Mutex
	asked []string
	bulk  [][]byte
}

func newFake(t *testing.T, answer func(sql string) []byte) *fake {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{Listener: l, answer: answer}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go f.serve(conn)
		}
	}()
	return f
}

// at returns the fake as a database; options come in pairs.
func (f *fake) at(options ...any) driven.Server {
	c := connection.Connection{Type: connection.MSSQL, Host: "127.0.0.1", Port: f.Addr().(*net.TCPAddr).Port, Schema: "shop", Login: "loader", Password: "s3cret-canary", Options: map[string]any{}}
	for i := 0; i < len(options); i += 2 {
		c.Options[options[i].(string)] = options[i+1]
	}
	return mssql.At(c, &outbound.Dialer{Policy: outbound.Policy{Allow: outbound.Loopback()}})
}

// statements returns what was asked that has a word in it.
func (f *fake) statements(word string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.asked), func(s string) bool { return !strings.Contains(s, word) })
}

func (f *fake) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for {
		kind, data, err := message(conn)
		if err != nil {
			return
		}
		reply := f.reply(kind, data)
		if reply == nil {
			continue // nothing until the client gives up
		}
		head := []byte{packReply, 1, 0, 0, 0, 0, 0, 0}
		binary.BigEndian.PutUint16(head[2:], uint16(len(reply)+len(head)))
		if _, err := conn.Write(append(head, reply...)); err != nil {
			return
		}
	}
}

// message reads packets up to the last of a message.
func message(from io.Reader) (kind byte, data []byte, err error) {
	for {
		var head [8]byte
		if _, err := io.ReadFull(from, head[:]); err != nil {
			return 0, nil, err
		}
		part := make([]byte, binary.BigEndian.Uint16(head[2:])-8)
		if _, err := io.ReadFull(from, part); err != nil {
			return 0, nil, err
		}
		data = append(data, part...)
		if head[1]&1 != 0 {
			return head[0], data, nil
		}
	}
}

// never is the answer that does not come.
var never = []byte("never")

func (f *fake) reply(kind byte, data []byte) []byte {
	sql := ""
	switch kind {
	case packPrelogin: // a version, and that there is no TLS
		return []byte{0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 0, 0, 0, 0, 2}
	case packLogin:
		if said := f.answer("login"); said != nil {
			return said
		}
		ack := append([]byte{1, 0x74, 0, 0, 4, 1}, append(ucs2("S"), 16, 0, 0, 0)...)
		return join([]byte{tokenLoginAck}, short(len(ack)), ack, done(0, 0))
	case packAttention:
		return done(0x20, 0)
	case packTran:
		return f.transaction(data)
	case packBulk:
		f.mu.Lock()
		f.bulk = append(f.bulk, data)
		f.mu.Unlock()
		sql = "bulk"
	case packBatch:
		sql = text(data[binary.LittleEndian.Uint32(data):])
	case packRPC:
		sql = prepared(data[binary.LittleEndian.Uint32(data):])
	}
	f.mu.Lock()
	f.asked = append(f.asked, sql)
	f.mu.Unlock()
	switch said := f.answer(sql); {
	case said == nil:
		return done(0, 0)
	case bytes.Equal(said, never):
		return nil
	default:
		return said
	}
}

// transaction answers the begin and the end of one.
func (f *fake) transaction(data []byte) []byte {
	what := binary.LittleEndian.Uint16(data[binary.LittleEndian.Uint32(data):])
	f.mu.Lock()
	defer f.mu.Unlock()
	id := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	switch what {
	case 5:
		f.asked = append(f.asked, "begin")
		return join([]byte{tokenEnv}, short(11), []byte{8, 8}, id, []byte{0}, done(0, 0))
	case 7:
		f.asked = append(f.asked, "commit")
		return join([]byte{tokenEnv}, short(11), []byte{9, 0, 8}, id, done(0, 0))
	}
	f.asked = append(f.asked, "rollback")
	return join([]byte{tokenEnv}, short(11), []byte{10, 0, 8}, id, done(0, 0))
}

// prepared returns the statement of a call of sp_executesql, its first parameter.
func prepared(data []byte) string {
	data = data[2+2+2+2:] // number of the procedure, flags, no name, no status
	if data[0] != 0xe7 {
		return "no statement"
	}
	if binary.LittleEndian.Uint16(data[1:]) != 0xffff {
		return text(data[10:][:binary.LittleEndian.Uint16(data[8:])])
	}
	return text(data[20:][:binary.LittleEndian.Uint32(data[16:])])
}

func join(parts ...[]byte) []byte { return slices.Concat(parts...) }

func short(n int) []byte { return binary.LittleEndian.AppendUint16(nil, uint16(n)) }

func ucs2(s string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return out
}

func text(raw []byte) string {
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
	return string(utf16.Decode(units))
}

func done(status, rows int) []byte {
	return join([]byte{tokenDone}, short(status), short(0), binary.LittleEndian.AppendUint64(nil, uint64(rows)))
}

// refuse is the answer with which a statement fails.
func refuse(number int, words string) []byte {
	body := join(binary.LittleEndian.AppendUint32(nil, uint32(number)), []byte{1, 16}, short(len(words)), ucs2(words), []byte{0, 0}, []byte{1, 0, 0, 0})
	return join([]byte{tokenError}, short(len(body)), body, done(2, 0))
}

// column is a column of an answer: its type as it is on the wire.
type column struct {
	name string
	typ  []byte
}

func nvarchar(name string) column {
	return column{name, []byte{0xe7, 0x40, 0x1f, 9, 4, 0xd0, 0, 0x34}}
}

func nv(s string) []byte { return join(short(2*len(utf16.Encode([]rune(s)))), ucs2(s)) }

// result is the answer of columns and rows, each of values as they are on the wire.
func result(columns []column, rows ...[][]byte) []byte {
	out := join([]byte{tokenMeta}, short(len(columns)))
	for _, c := range columns {
		out = join(out, []byte{0, 0, 0, 0, 1, 0}, c.typ, []byte{byte(len(utf16.Encode([]rune(c.name))))}, ucs2(c.name))
	}
	for _, row := range rows {
		out = join(out, []byte{tokenRow}, join(row...))
	}
	return join(out, done(0x10, len(rows)))
}

// texts is the answer of rows of texts.
func texts(rows ...[]string) []byte {
	var columns []column
	for i := range rows[0] {
		columns = append(columns, nvarchar(string(rune('a'+i))))
	}
	var all [][][]byte
	for _, row := range rows {
		var one [][]byte
		for _, s := range row {
			one = append(one, nv(s))
		}
		all = append(all, one)
	}
	return result(columns, all...)
}
