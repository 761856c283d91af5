package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What is asked of a server, and of how many at once.
const (
	httpClients = 16
	httpTime    = 3 * time.Second
	floodSize   = 200 // sign-ins at once
	guessed     = 20  // accounts, at each of which three passwords are guessed
)

// measureHTTP prints what requests, authentication and sign-ins cost, on a
// server of its own whose limits are lifted. The clients run on the same cores.
func measureHTTP(ctx context.Context, w io.Writer, program, dir string) error {
	dir = filepath.Join(dir, "http")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	s, _, err := startServer(ctx, program, dir, "--limit", "auth=off", "--limit", "list=off", "--limit", "detail=off")
	if err != nil {
		return err
	}
	defer s.stop()
	token, err := s.firstAccount(ctx)
	if err != nil {
		return err
	}
	return errors.Join(s.requests(ctx, w, token), s.guesses(ctx, w, token), s.flood(ctx, w))
}

const rootBody = `{"username":"root","password":"correct horse","role":"superadmin"}`

// firstAccount makes an account and returns the token of its session.
func (s *server) firstAccount(ctx context.Context) (string, error) {
	if err := s.call(ctx, http.MethodPost, "/api/auth/users", rootBody, nil); err != nil {
		return "", err
	}
	var in struct{ Token string }
	err := s.call(ctx, http.MethodPost, "/api/auth/login", `{"username":"root","password":"correct horse"}`, &in)
	return in.Token, err
}

// load is what many requests cost.
type load struct {
	perSecond float64
	p99       time.Duration
	cpu       time.Duration // of the server, for each request
}

// requests prints what a cheap request costs without and with authentication.
func (s *server) requests(ctx context.Context, w io.Writer, token string) error {
	fmt.Fprintf(w, "\n%d clients on the same cores\trequests/s\tp99\tserver CPU\n", httpClients)
	free, err := s.load(ctx, "/health", "")
	if err != nil {
		return err
	}
	known, err := s.load(ctx, "/api/auth/me/permissions", token) // which reads nothing but who is calling
	if err != nil {
		return err
	}
	me, err := s.load(ctx, "/api/auth/me", token) // which lists workspaces, too
	if err != nil {
		return err
	}
	for _, row := range []struct {
		name string
		load
	}{{"GET /health", free}, {"GET /api/auth/me/permissions, by Bearer", known}, {"GET /api/auth/me, by Bearer", me}} {
		fmt.Fprintf(w, "%s\t%.0f\t%.1f ms\t%d µs\n", row.name, row.perSecond, row.p99.Seconds()*1000, row.cpu.Microseconds())
	}
	fmt.Fprintf(w, "  the second to the first, and what authentication adds\t%.2f\t\t%d µs\n", known.perSecond/free.perSecond, (known.cpu - free.cpu).Microseconds())
	return nil
}

func (s *server) load(ctx context.Context, path, token string) (load, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: httpClients}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var all []time.Duration
	var failed error
	before, began := s.cpu(), time.Now()
	var clients sync.WaitGroup
	for range httpClients {
		clients.Go(func() {
			var mine []time.Duration
			var err error
			for err == nil && time.Since(began) < httpTime {
				sent := time.Now()
				err = get(ctx, client, s.url+path, token)
				mine = append(mine, time.Since(sent))
			}
			mu.Lock()
			defer mu.Unlock()
			all, failed = append(all, mine...), errors.Join(failed, err)
		})
	}
	clients.Wait()
	took := time.Since(began)
	if failed != nil {
		return load{}, failed
	}
	slices.Sort(all)
	n := len(all)
	return load{perSecond: float64(n) / took.Seconds(), p99: all[n*99/100], cpu: (s.cpu() - before) / time.Duration(n)}, nil
}

func get(ctx context.Context, client *http.Client, url, token string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	if res.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("GET %s: %s", url, res.Status))
	}
	return errors.Join(err, res.Body.Close())
}

// guesses prints how long the answer to a wrong password takes, for names that
// exist and names that do not, in turn.
func (s *server) guesses(ctx context.Context, w io.Writer, token string) error {
	for i := range guessed {
		if err := s.makeAccount(ctx, token, fmt.Sprintf("known%02d", i)); err != nil {
			return err
		}
	}
	var known, unknown []time.Duration
	for i := range guessed * 3 {
		for _, side := range []struct {
			name  string
			times *[]time.Duration
		}{
			{fmt.Sprintf("known%02d", i%guessed), &known},
			{fmt.Sprintf("never%02d", i%guessed), &unknown},
		} {
			sent := time.Now()
			if code, err := s.signIn(ctx, side.name); err != nil || code != http.StatusUnauthorized {
				return errors.Join(err, fmt.Errorf("a wrong password is answered by %d", code))
			}
			*side.times = append(*side.times, time.Since(sent))
		}
	}
	slices.Sort(known)
	slices.Sort(unknown)
	a, b := known[len(known)/2].Seconds(), unknown[len(unknown)/2].Seconds()
	fmt.Fprintf(w, "a wrong password, medians of %d\t\t\t\n", len(known))
	fmt.Fprintf(w, "  known and unknown name, difference\t%.1f ms\t%.1f ms\t%.1f %%\n", a*1000, b*1000, (a/b-1)*100)
	return nil
}

func (s *server) makeAccount(ctx context.Context, token, name string) error {
	body, err := json.Marshal(map[string]string{"username": name, "password": "correct horse"})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/api/auth/users", strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusCreated {
		err = fmt.Errorf("make an account: %s", res.Status)
	}
	return errors.Join(err, res.Body.Close())
}

// signIn tries a wrong password and returns the status of the answer.
func (s *server) signIn(ctx context.Context, name string) (int, error) {
	body := fmt.Sprintf(`{"username":%q,"password":"wrong"}`, name)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/api/auth/login", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, errors.Join(err, res.Body.Close())
}

// flood prints how the server stands many sign-ins at once.
func (s *server) flood(ctx context.Context, w io.Writer) error {
	var flood sync.WaitGroup
	var looked, refused atomic.Int64
	for i := range floodSize {
		flood.Go(func() {
			switch code, err := s.signIn(ctx, fmt.Sprintf("flood%d", i)); {
			case err == nil && code == http.StatusUnauthorized:
				looked.Add(1)
			case err == nil && code == http.StatusServiceUnavailable:
				refused.Add(1)
			}
		})
	}
	over := make(chan struct{})
	go func() { flood.Wait(); close(over) }()
	var times []time.Duration
	for going := true; going; {
		sent := time.Now()
		if err := s.call(ctx, http.MethodGet, "/health", "", nil); err != nil {
			return err
		}
		times = append(times, time.Since(sent))
		select {
		case <-over:
			going = false
		default:
		}
	}
	slices.Sort(times)
	peak, err := s.memory("VmHWM")
	fmt.Fprintf(w, "%d sign-ins at once\t%d looked at\t%d refused\t%d MB\n", floodSize, looked.Load(), refused.Load(), peak>>20)
	fmt.Fprintf(w, "  /health meanwhile\t%d answers\tp99 %.0f ms\t\n", len(times), times[len(times)*99/100].Seconds()*1000)
	return err
}
