package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Contacts are pushed by so many clients at once; three in ten are there already.
const (
	pushers   = 8
	pushed    = 2000 // by each client
	duplicate = 3    // in ten
)

// contacts times contacts that are pushed by a program with a key.
func (s *server) contacts(ctx context.Context, w io.Writer) error {
	var made struct{ Token string }
	if err := s.call(ctx, http.MethodPost, "/api/services", `{"service_name":"bench","permissions":["contacts.create"]}`, &made); err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: pushers}}
	times, failures := make([][]time.Duration, pushers), make([]error, pushers)
	began := time.Now()
	var all sync.WaitGroup
	for p := range pushers {
		all.Go(func() {
			for i := range pushed {
				took, err := s.push(ctx, client, made.Token, p, i)
				if err != nil {
					failures[p] = err
					return
				}
				times[p] = append(times[p], took)
			}
		})
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	took, each := time.Since(began), slices.Concat(times...)
	slices.Sort(each)
	fmt.Fprintf(w, "contacts from %d clients, %d0 %% there already\t%.0f/s\tp50 %.1f ms\tp95 %.1f ms\n", pushers, duplicate,
		float64(len(each))/took.Seconds(), each[len(each)/2].Seconds()*1000, each[len(each)*95/100].Seconds()*1000)
	return nil
}

// push sends one contact and returns how long it took.
func (s *server) push(ctx context.Context, client *http.Client, token string, p, i int) (time.Duration, error) {
	person := i
	if i%10 < duplicate {
		person = i / 2
	}
	body := fmt.Sprintf(`{"email":"p%d-%d@example.com","first_name":"Ada","last_name":"Lovelace","phone":"+1 555 010 0199","status":"s%d","tags":["a","b"]}`, p, person, i)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v2/leads", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Token token="+token)
	began := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	text, err := io.ReadAll(res.Body)
	took := time.Since(began)
	if err = errors.Join(err, res.Body.Close()); err == nil && res.StatusCode != http.StatusCreated && res.StatusCode != http.StatusNoContent {
		err = fmt.Errorf("a contact is answered %s: %s", res.Status, text)
	}
	return took, err
}
