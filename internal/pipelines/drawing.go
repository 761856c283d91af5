package pipelines

import (
	"slices"
	"strings"
)

// Limits of what people write on the canvas.
const (
	MaxNotes    = 200
	MaxNoteText = 4000
	MaxGroups   = 100
)

// Note is text on the canvas, for people. It does nothing in a run.
type Note struct {
	ID       string   `json:"id"`
	Text     string   `json:"text" doc:"At most 4,000 characters"`
	Position Position `json:"position"`
	Width    float64  `json:"width,omitempty" doc:"In pixels; as wide as a node when absent"`
	Height   float64  `json:"height,omitempty" doc:"In pixels; as high as the text when absent"`
	Color    Color    `json:"color,omitempty" enum:"yellow,blue,green,red,grey"`
}

// Group is a named frame around nodes, for people. It does nothing in a run.
type Group struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Nodes []string `json:"nodes" doc:"The ids of the nodes in it. A node is in one group at most"`
	Color Color    `json:"color,omitempty" enum:"yellow,blue,green,red,grey"`
}

// Color is one of the few that people can tell apart in light and dark.
type Color string

// colors are those that notes and groups may have; "" is that of the interface.
var colors = []Color{"", "yellow", "blue", "green", "red", "grey"}

// checkDrawing makes sure that notes and groups can be told apart and drawn,
// which even a draft needs.
func (d Document) checkDrawing(f *Findings) {
	d.checkNotes(f)
	d.checkGroups(f)
}

func (d Document) checkNotes(f *Findings) {
	if len(d.Notes) > MaxNotes {
		f.add("notes", "are more than %d", MaxNotes)
	}
	for i, n := range d.Notes {
		path := at("notes", i)
		before := slices.IndexFunc(d.Notes[:i], func(o Note) bool { return o.ID == n.ID })
		checkDrawn(f, path, n.ID, n.Color, before >= 0)
		if len([]rune(n.Text)) > MaxNoteText {
			f.add(path+".text", "must be at most %d characters long", MaxNoteText)
		}
		if n.Width < 0 || n.Height < 0 {
			f.add(path, "must not have a negative size")
		}
	}
}

func (d Document) checkGroups(f *Findings) {
	if len(d.Groups) > MaxGroups {
		f.add("groups", "are more than %d", MaxGroups)
	}
	in := map[string]string{}
	for i, g := range d.Groups {
		path := at("groups", i)
		before := slices.IndexFunc(d.Groups[:i], func(o Group) bool { return o.ID == g.ID })
		checkDrawn(f, path, g.ID, g.Color, before >= 0)
		if len([]rune(g.Name)) > MaxName || hasControl(g.Name) {
			f.add(path+".name", "must be at most %d characters long, without control characters", MaxName)
		}
		for j, id := range g.Nodes {
			other, taken := in[id]
			switch {
			case !slices.ContainsFunc(d.Nodes, func(n Node) bool { return n.ID == id }):
				f.add(at(path+".nodes", j), "there is no node %q", id)
			case taken:
				f.add(at(path+".nodes", j), "%q is in group %q already", id, other)
			}
			in[id] = g.ID
		}
	}
}

// checkDrawn checks what notes and groups have in common.
func checkDrawn(f *Findings, path, id string, color Color, dup bool) {
	switch {
	case id == "":
		f.add(path+".id", "is missing")
	case !nodeID.MatchString(id):
		f.add(path+".id", "must be letters, digits, '_', '-' and '.', at most 100 of them")
	case dup:
		f.add(path+".id", "%q is used already", id)
	}
	if !slices.Contains(colors, color) {
		names := make([]string, 0, len(colors))
		for _, c := range colors[1:] {
			names = append(names, string(c))
		}
		f.add(path+".color", "must be one of %s, not %q", strings.Join(names, ", "), color)
	}
}
