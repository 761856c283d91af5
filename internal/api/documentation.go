package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// operationID names an operation after its method and path: postPipelinesIdRun.
func operationID(method, path string) string {
	var b strings.Builder
	b.WriteString(strings.ToLower(method))
	for _, word := range strings.FieldsFunc(strings.TrimPrefix(path, "/api"), func(r rune) bool { return strings.ContainsRune("/{}-_.", r) }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// documents says in the documentation that a body is a T, where the handler
// reads the bytes itself.
func documents[T any](s *server, contentTypes ...string) func(*huma.Operation) {
	return func(op *huma.Operation) {
		schema := s.api.OpenAPI().Components.Schemas.Schema(typeOf[T](), true, "")
		op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{}}
		op.SkipValidateBody = true // the handler does, with better words
		for _, t := range contentTypes {
			op.RequestBody.Content[t] = &huma.MediaType{Schema: schema}
		}
	}
}

func openAPI(api huma.API) ([]byte, error) {
	text, err := json.MarshalIndent(api.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write OpenAPI document: %w", err)
	}
	return append(text, '\n'), nil
}
