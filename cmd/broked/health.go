package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

type healthCmd struct {
	URL string `name:"url" help:"Address to ask." default:"http://127.0.0.1:8080/health"`
}

// Run succeeds when the server answers that it is alive.
func (c *healthCmd) Run(ctx context.Context, w world) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", c.URL, res.Status)
	}
	_, err = fmt.Fprintln(w.out, "healthy")
	return err
}
