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
	mu      sync.Mutex
	out     *json.Encoder
	err     error // the first failure; the server is gone, and the rest goes nowhere
	holding bool
	held    []job.Message // what is said only if the run goes on here
}

func newSpeaker(out io.Writer) *speaker { return &speaker{out: json.NewEncoder(out)} }

func (s *speaker) say(m job.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.At = time.Now().UTC()
	if s.holding {
		s.held = append(s.held, m)
		return
	}
	s.write(m)
}

func (s *speaker) write(m job.Message) {
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

// hold keeps messages back until release.
func (s *speaker) hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holding = true
}

// release ends hold, and says what was kept back or forgets it.
func (s *speaker) release(say bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.held {
		if say {
			s.write(m)
		}
	}
	s.holding, s.held = false, nil
}
