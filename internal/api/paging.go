package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/broked/broked/internal/pipelines"
)

// Bounds of lists.
const (
	bareMost    = 1000 // items of a bare array
	pageDefault = 25
	pageMost    = 500
)

// Paging is how a caller asks for a part of a list. Without any of it the
// answer is a bare array, as Brokoli's older clients expect.
type Paging struct {
	After    string `query:"after" maxLength:"128" doc:"Cursor style: the cursor of the answer before"`
	Limit    int    `query:"limit" minimum:"0" maximum:"500" doc:"Cursor style: how many items, 25 when 0"`
	Page     int    `query:"page" minimum:"0" maximum:"100000" doc:"Page style: which page, from 1"`
	PageSize int    `query:"page_size" minimum:"0" maximum:"500" doc:"Page style: how many items, 25 when 0"`
	PerPage  int    `query:"per_page" minimum:"0" maximum:"500" doc:"The same as page_size"`
}

// cursorPage is a part of a list with the cursor to the next.
type cursorPage[T any] struct {
	Items   []T    `json:"items"`
	HasNext bool   `json:"has_next"`
	Cursor  string `json:"cursor,omitempty" doc:"Give it as after to get the next part"`
	Limit   int    `json:"limit"`
}

// numberedPage is a part of a list with how many there are.
type numberedPage[T any] struct {
	Total    int `json:"total"`
	Page     int `json:"page"`
	PageSize int `json:"page_size"`
	Pages    int `json:"pages"`
	Items    []T `json:"items"`
}

type listing struct {
	Link string `header:"Link" doc:"rel=next when a bare array was cut"`
	Body any
}

// source is where a list comes from.
type source[T any] struct {
	path  string // of the call, for the link to the next part
	bare  int    // most items of a bare array
	key   func(T) string
	fetch func(context.Context, pipelines.Page) ([]T, error)
	count func(context.Context) (int, error)
}

// list answers with the part of a list that p asks for, in the shape it asks for.
func list[T any](ctx context.Context, p Paging, from source[T]) (*listing, error) {
	switch {
	case p.Page > 0:
		return numbered(ctx, p, from)
	case p.After != "" || p.Limit > 0:
		limit := orDefault(p.Limit)
		items, more, err := from.part(ctx, pipelines.Page{After: p.After, Limit: limit})
		if err != nil {
			return nil, err
		}
		page := cursorPage[T]{Items: items, HasNext: more, Limit: limit}
		if more {
			page.Cursor = from.key(items[len(items)-1])
		}
		return &listing{Body: page}, nil
	}
	items, more, err := from.part(ctx, pipelines.Page{Limit: from.bare})
	if err != nil {
		return nil, err
	}
	out := &listing{Body: items}
	if more {
		out.Link = fmt.Sprintf(`<%s?limit=%d&after=%s>; rel="next"`, from.path, pageMost, from.key(items[len(items)-1]))
	}
	return out, nil
}

func numbered[T any](ctx context.Context, p Paging, from source[T]) (*listing, error) {
	size := orDefault(max(p.PageSize, p.PerPage))
	total, err := from.count(ctx)
	if err != nil {
		return nil, err
	}
	items, _, err := from.part(ctx, pipelines.Page{Skip: (p.Page - 1) * size, Limit: size})
	if err != nil {
		return nil, err
	}
	return &listing{Body: numberedPage[T]{Total: total, Page: p.Page, PageSize: size, Pages: (total + size - 1) / size, Items: items}}, nil
}

// part fetches one item more than asked for, to know whether there are more.
func (s source[T]) part(ctx context.Context, p pipelines.Page) (items []T, more bool, err error) {
	wanted := p.Limit
	p.Limit++
	items, err = s.fetch(ctx, p)
	if err != nil {
		return nil, false, err
	}
	if len(items) > wanted {
		return items[:wanted], true, nil
	}
	if items == nil {
		items = []T{}
	}
	return items, false, nil
}

func orDefault(n int) int {
	if n == 0 {
		return pageDefault
	}
	return n
}

// listed documents an answer that list gives for items of type T.
func listed[T any](s *server) func(*huma.Operation) {
	return func(op *huma.Operation) {
		schemas := s.api.OpenAPI().Components.Schemas
		op.Responses = map[string]*huma.Response{"200": {
			Description: http.StatusText(http.StatusOK),
			Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{OneOf: []*huma.Schema{
				schemas.Schema(typeOf[[]T](), true, ""),
				schemas.Schema(typeOf[cursorPage[T]](), true, ""),
				schemas.Schema(typeOf[numberedPage[T]](), true, ""),
			}}}},
		}}
	}
}
