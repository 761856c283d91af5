package auth

// Fill takes every place in which a password hash is computed, and in which one
// waits for that, until release is called.
func (s *Service) Fill() (release func()) {
	for range cap(s.hasher.queue) {
		s.hasher.queue <- struct{}{}
	}
	return func() {
		for range cap(s.hasher.queue) {
			<-s.hasher.queue
		}
	}
}
