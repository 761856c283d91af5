package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/connection"
	"github.com/broked/broked/internal/outbound"
	"github.com/broked/broked/internal/remote/remotetest"
)

// TestConnectionsToStorage makes, tries, changes and removes a connection of each type that
// leads to files, against places that are there.
func TestConnectionsToStorage(t *testing.T) {
	t.Parallel()
	google := remotetest.S3(t)
	google.Type = connection.GCS
	sftp, _ := remotetest.SFTP(t)
	for _, at := range []connection.Connection{remotetest.S3(t), google, remotetest.Azure(t), sftp} {
		t.Run(at.Type, func(t *testing.T) {
			t.Parallel()
			w := newWorldWith(t, func(d *api.Deps) {
				d.Connections.Out = func() outbound.Exit { return outbound.Exit{Policy: outbound.Policy{Allow: outbound.Loopback()}} }
			}).withAccounts()
			w.storage(at)
		})
	}
}

// draft returns a connection as it is sent, with changes; nil removes a member.
func draft(t *testing.T, at connection.Connection, changes map[string]any) string {
	t.Helper()
	all := map[string]any{"conn_id": "place", "type": at.Type, "host": at.Host, "login": at.Login, "password": at.Password, "options": at.Options}
	if at.Port != 0 {
		all["port"] = at.Port
	}
	if at.Schema != "" {
		all["schema"] = at.Schema
	}
	maps.Copy(all, changes)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	text, err := json.Marshal(all)
	must(t, err)
	return string(text)
}

func (w *world) storage(at connection.Connection) {
	const path = "/api/connections"
	type changes = map[string]any
	no := []string{remotetest.Secret, "enc:v1"}
	with := func(c changes) string { return draft(w.t, at, c) }
	try := func(name, has string, c changes) scenario {
		return scenario{name: name, as: auth.Editor, method: "POST", path: "/api/test-connection", body: `{"connection":` + with(c) + `}`, want: 200, has: []string{`"success":false`, `"failed":"` + has + `"`}, hasNot: no}
	}
	all := []scenario{
		{name: "make: nobody", method: "POST", path: path, body: with(nil), want: 401},
		{name: "make: viewer", as: auth.Viewer, method: "POST", path: path, body: with(nil), want: 403},
		{name: "make: unknown option", as: auth.Editor, method: "POST", path: path, body: with(changes{"options": changes{"colour": "red"}}), want: 400, has: []string{`"path":"options.colour"`}, hasNot: no},
		{name: "make: bad port", as: auth.Editor, method: "POST", path: path, body: with(changes{"port": 70000}), want: 400, has: []string{`"path":"port"`}, hasNot: no},
		{name: "make: a control character", as: auth.Editor, method: "POST", path: path, body: with(changes{"schema": "a\nb"}), want: 400, has: []string{`"path":"host"`}, hasNot: no},
		{name: "make: forbidden reference", as: auth.Editor, method: "POST", path: path, body: with(changes{"password": nil, "password_ref": "file:///etc/shadow"}), want: 400, has: []string{`"path":"password_ref"`}},
		{name: "make", as: auth.Editor, method: "POST", path: path, body: with(nil), want: 201, has: []string{`"conn_id":"place"`, `"password_ref":"encrypted://********"`}, hasNot: no},
		{name: "make: taken", as: auth.Editor, method: "POST", path: path, body: with(nil), want: 409, hasNot: no},
		{name: "show", as: auth.Viewer, method: "GET", path: path + "/place", want: 200, has: []string{`"type":"` + at.Type + `"`}, hasNot: no},
		{name: "list", as: auth.Viewer, method: "GET", path: path, want: 200, has: []string{`"conn_id":"place"`}, hasNot: no},
		{name: "test: nobody", method: "POST", path: path + "/place/test", want: 401},
		{name: "test: viewer", as: auth.Viewer, method: "POST", path: path + "/place/test", want: 403},
		{name: "test: absent", as: auth.Editor, method: "POST", path: path + "/nothing/test", want: 404, has: []string{"connection_not_found"}},
		{name: "test", as: auth.Editor, method: "POST", path: path + "/place/test", want: 200, has: []string{`"success":true`, `"message":"`, `"driver":"`}, hasNot: no},
		try("test draft: blocked", "blocked", changes{"conn_id": "x", "host": map[bool]string{true: "10.0.0.1", false: "http://10.0.0.1:9"}[at.Type == connection.SFTP]}),
		try("test draft: another account", "login", changes{"conn_id": "x", "login": "stranger"}),
		try("test draft: a secret that is gone", "secret", changes{"conn_id": "x", "password": nil, "password_ref": "env://BROKED_SECRET_GONE"}),
		{name: "change: viewer", as: auth.Viewer, method: "PUT", path: path + "/place", body: `{}`, want: 403},
		{name: "change: elsewhere without its secret", as: auth.Editor, method: "PUT", path: path + "/place", body: `{"host":"evil.example.com"}`, want: 422, has: []string{"secret_needed"}, hasNot: no},
		{name: "change", as: auth.Editor, method: "PUT", path: path + "/place", body: `{"description":"Ours"}`, want: 200, has: []string{"Ours", "encrypted://"}, hasNot: no},
		{name: "test: changed", as: auth.Editor, method: "POST", path: path + "/place/test", want: 200, has: []string{`"success":true`}},
		{name: "two sinks of one file", as: auth.Editor, method: "POST", path: "/api/pipelines", want: 400, has: []string{`"path":"nodes[2].config.path"`, `is written by \"a\" as well`}, body: twoSinks("x", "out/x.csv", "out/x.csv", "place")},
		{name: "two sinks of two files", as: auth.Editor, method: "POST", path: "/api/pipelines", want: 201, body: twoSinks("y", "out/x.csv", "out/y.csv", "place")},
		{name: "two sinks, one here", as: auth.Editor, method: "POST", path: "/api/pipelines", want: 201, body: twoSinks("z", "out/x.csv", "out/x.csv", "")},
		{name: "used by", as: auth.Viewer, method: "GET", path: path + "/place/used-by", want: 200, has: []string{`"node_id":"b"`, `"pipeline_name":"y"`}},
		{name: "delete: viewer", as: auth.Viewer, method: "DELETE", path: path + "/place", want: 403},
		{name: "delete", as: auth.Editor, method: "DELETE", path: path + "/place", want: 204},
		{name: "deleted", as: auth.Editor, method: "POST", path: path + "/place/test", want: 404},
		{name: "audit", as: auth.Admin, method: "GET", path: "/api/audit?limit=500", want: 200, has: []string{"connection_tested", `"failed":"login"`}, hasNot: no},
	}
	if at.Type == connection.SFTP {
		all = append(all,
			scenario{name: "make: no host key", as: auth.Editor, method: "POST", path: path, body: with(changes{"options": nil}), want: 400, has: []string{`"path":"options.host_key"`}, hasNot: no},
			scenario{name: "make: bad host key", as: auth.Editor, method: "POST", path: path, body: with(changes{"options": changes{"host_key": "nothing"}}), want: 400, has: []string{`"path":"options.host_key"`}, hasNot: no},
			try("test draft: another host key", "host_key", changes{"options": changes{"host_key": "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"}}))
	} else {
		all = append(all,
			scenario{name: "make: no bucket", as: auth.Editor, method: "POST", path: path, body: with(changes{"schema": nil}), want: 400, has: []string{`"path":"schema"`}, hasNot: no},
			scenario{name: "make: bad endpoint", as: auth.Editor, method: "POST", path: path, body: with(changes{"host": "ftp://x"}), want: 400, has: []string{`"path":"host"`}, hasNot: no},
			try("test draft: no such bucket", "bucket", changes{"schema": "nothing"}),
			try("test draft: may not", "permission", changes{"login": remotetest.Nobody}))
	}
	for _, sc := range all {
		w.run(sc)
	}
}

// twoSinks returns a pipeline that writes two files, the first one by the connection place.
func twoSinks(name, first, second, conn string) string {
	return fmt.Sprintf(`{"name":%q,"nodes":[{"id":"in","type":"source_file","config":{"path":"in.csv"}},
		{"id":"a","type":"sink_file","config":{"conn_id":"place","path":%q}},
		{"id":"b","type":"sink_file","config":{"conn_id":%q,"path":%q}}],
		"edges":[{"from":"in","to":"a"},{"from":"in","to":"b"}]}`, name, first, conn, second)
}
