package main

import (
	"net"
	"sync"
)

// atMost returns ln with at most n connections open: others wait in the system's
// queue, so that strangers cannot take every file that the process may open.
func atMost(ln net.Listener, n int) net.Listener {
	return &fewConnections{Listener: ln, places: make(chan struct{}, n), closed: make(chan struct{})}
}

type fewConnections struct {
	net.Listener
	places chan struct{}
	once   sync.Once
	closed chan struct{}
}

// Accept implements net.Listener.
func (f *fewConnections) Accept() (net.Conn, error) {
	select {
	case f.places <- struct{}{}:
	case <-f.closed:
		return nil, net.ErrClosed
	}
	c, err := f.Listener.Accept()
	if err != nil {
		<-f.places
		return nil, err
	}
	return &placed{Conn: c, leave: sync.OnceFunc(func() { <-f.places })}, nil
}

// Close implements net.Listener.
func (f *fewConnections) Close() error {
	f.once.Do(func() { close(f.closed) })
	return f.Listener.Close()
}

type placed struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (p *placed) Close() error {
	defer p.leave()
	return p.Conn.Close()
}
