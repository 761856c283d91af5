package api_test

import (
	"testing"

	"github.com/broked/broked/internal/api"
	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/plugins"
)

func TestPluginCalls(t *testing.T) {
	t.Parallel()
	for _, network := range []bool{false, true} {
		w := newWorldWith(t, func(d *api.Deps) {
			if p, err := plugins.Read("../../examples/plugins/numbers"); network && err == nil {
				p.Network = true
				d.Plugins = []plugins.Plugin{p}
			}
		}).withAccounts()
		want := "[]"
		if network {
			want = `"network":true,"node_types":[{"type":"source_numbers","kind":"source"`
		}
		for _, sc := range []scenario{
			{name: "nobody", method: "GET", path: "/api/plugins", want: 401},
			{name: "viewer", as: auth.Viewer, method: "GET", path: "/api/plugins", want: 200, has: []string{want}, hasNot: []string{"config_schema"}},
			{name: "no upload", as: auth.Superadmin, method: "POST", path: "/api/plugins", body: `{}`, want: 405},
		} {
			w.run(sc)
		}
	}
}
