package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/strictjson"
)

// statuses is the only place where a kind of fault becomes an HTTP status.
var statuses = map[fault.Kind]int{
	fault.Internal:      http.StatusInternalServerError,
	fault.Invalid:       http.StatusBadRequest,
	fault.Unknown:       http.StatusUnauthorized,
	fault.Denied:        http.StatusForbidden,
	fault.NotFound:      http.StatusNotFound,
	fault.Conflict:      http.StatusConflict,
	fault.Stale:         http.StatusPreconditionFailed,
	fault.Exhausted:     http.StatusTooManyRequests,
	fault.Unavailable:   http.StatusServiceUnavailable,
	fault.Full:          http.StatusInsufficientStorage,
	fault.Unprocessable: http.StatusUnprocessableEntity,
}

// errorBody is the body of every answer that is an error.
type errorBody struct { //nolint:errname // it is the body, and an error only for huma
	status      int
	header      http.Header
	Message     string          `json:"error" doc:"What went wrong, in words for people"`
	Description string          `json:"error_description,omitempty" doc:"At the endpoints of OAuth 2.0, whose errors are words for programs: the words for people"`
	Code        string          `json:"code" doc:"Stable word for programs"`
	RequestID   string          `json:"request_id" doc:"To find the request in the server's log"`
	Problems    []fault.Problem `json:"problems,omitempty" doc:"Everything that is wrong with a document, and where"`
}

// Error implements error.
func (p *errorBody) Error() string { return p.Message }

// GetStatus implements huma.StatusError.
func (p *errorBody) GetStatus() int { return p.status }

// GetHeaders implements huma.HeadersError.
func (p *errorBody) GetHeaders() http.Header { return p.header }

// ContentType keeps errors plain JSON, which is what Brokoli's clients expect.
func (*errorBody) ContentType(string) string { return "application/json" }

func (p *errorBody) retryAfter(seconds int) { p.header.Set("Retry-After", strconv.Itoa(seconds)) }

// problemsOnce makes huma's own errors take our form. Its hook is a variable of
// the package, so it is set once, before the first API is made.
var problemsOnce = sync.OnceFunc(func() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return newProblem(context.Background(), status, msg, errs) //nolint:forbidigo // used only for the shape in the OpenAPI document
	}
	huma.NewErrorWithContext = func(c huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return newProblem(c.Context(), status, msg, errs)
	}
})

// newProblem puts into our form what huma found wrong with a request.
func newProblem(ctx context.Context, status int, msg string, errs []error) *errorBody {
	if len(errs) == 1 {
		if p, ok := errors.AsType[*errorBody](errs[0]); ok {
			return p
		}
	}
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest // Brokoli's API says 400 to input that is wrong
	}
	p := &errorBody{status: status, Message: msg, Code: codeOf(status), RequestID: requestID(ctx), header: http.Header{}}
	for _, err := range errs {
		if d, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			p.Problems = append(p.Problems, fault.Problem{Path: strings.TrimPrefix(strings.TrimPrefix(d.Location, "body"), "."), Message: d.Message})
		}
	}
	if len(p.Problems) > 0 {
		first := p.Problems[0]
		p.Message = strings.TrimPrefix(fmt.Sprintf("invalid request: %s: %s", first.Path, first.Message), ": ")
	}
	return p
}

func codeOf(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "invalid_request"
	case http.StatusRequestEntityTooLarge:
		return "body_too_large"
	case http.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	case http.StatusInternalServerError:
		return "internal"
	}
	return strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
}

// writeProblem answers where no operation does.
func writeProblem(w http.ResponseWriter, r *http.Request, status int, code, msg string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(&errorBody{Message: msg, Code: code, RequestID: requestID(r.Context())}) //nolint:errchkjson // a client that has left is not told
}

// formats reads and writes bodies: strictly in, plainly out.
var formats = map[string]huma.Format{
	"application/json": jsonFormat,
	"json":             jsonFormat,
}

var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	},
	Unmarshal: func(data []byte, v any) error {
		err := strictjson.Decode(data, v)
		if ps := fault.ProblemsOf(err); len(ps) > 0 {
			return &huma.ErrorDetail{Location: ps[0].Path, Message: ps[0].Message}
		}
		if err != nil {
			return errors.New(fault.MessageOf(err))
		}
		return nil
	},
}
