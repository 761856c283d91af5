package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/broked/broked/internal/schedules"
)

type scheduleCmd struct {
	Preview previewCmd `cmd:"" help:"Print what a schedule means and when it fires next."`
}

type previewCmd struct {
	Schedule string `arg:"" help:"Five fields, @daily and the like, or words such as \"every weekday at 9\"."`
	Timezone string `help:"IANA name, such as Europe/Berlin." default:"UTC" placeholder:"NAME"`
	Count    int    `help:"How many times are printed, at most 100." default:"5" placeholder:"N"`
}

// Validate implements kong's check of arguments.
func (c *previewCmd) Validate() error {
	if c.Count < 1 || c.Count > 100 {
		return errors.New("--count must be between 1 and 100")
	}
	return nil
}

// Run prints the schedule as documents write it, what it means, and its next times.
func (c *previewCmd) Run(w world) error {
	spec, err := schedules.Understand(c.Schedule)
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("the schedule %w", err)}
	}
	s, err := schedules.Parse(spec, c.Timezone)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	zone, err := schedules.Zone(c.Timezone)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	fmt.Fprintf(w.out, "%s\n%s, %s\n", spec, s.Describe(), zone)
	for _, t := range s.NextTimes(time.Now(), c.Count) {
		fmt.Fprintf(w.out, "%s  %s\n", t.In(zone).Format("Mon 2006-01-02 15:04:05 MST"), t.UTC().Format(time.RFC3339))
	}
	return nil
}
