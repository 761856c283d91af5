package engine

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/broked/broked/internal/job"
)

// speaker writes messages as JSON lines, one at a time.
type speaker struct {
	mu  sync.Mutex
	out *json.Encoder
	err error // the first failure; the server is gone, and the rest goes nowhere
}

func newSpeaker(out io.Writer) *speaker { return &speaker{out: json.NewEncoder(out)} }

func (s *speaker) say(m job.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.At = time.Now().UTC()
	if err := s.out.Encode(m); err != nil && s.err == nil {
		s.err = fmt.Errorf("tell the server: %w", err)
	}
}

// failure returns why messages could not be written, or nil.
func (s *speaker) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
