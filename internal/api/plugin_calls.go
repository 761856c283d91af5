package api

import (
	"context"
	"net/http"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/plugins"
)

func (s *server) pluginCalls() {
	register(s, call{
		method: http.MethodGet, path: "/api/plugins", may: auth.SettingsView, tag: "system",
		summary: "List the plugins of this server, which bring kinds of nodes",
	}, s.plugins)
}

// plugin is a plugin as the API shows it.
type plugin struct {
	Name        string         `json:"name"`
	Version     string         `json:"version"`
	Description string         `json:"description"`
	Author      string         `json:"author"`
	Homepage    string         `json:"homepage"`
	Network     bool           `json:"network" doc:"Its program may make connections"`
	NodeTypes   []plugins.Type `json:"node_types"`
}

func (s *server) plugins(context.Context, *struct{}) (*body[[]plugin], error) {
	all := make([]plugin, 0, len(s.Plugins))
	for _, p := range s.Plugins {
		all = append(all, plugin{p.Name, p.Version, p.Description, p.Author, p.Homepage, p.Network, p.NodeTypes})
	}
	return &body[[]plugin]{all}, nil
}
