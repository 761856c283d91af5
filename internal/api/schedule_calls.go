package api

import (
	"context"
	"net/http"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/schedules"
)

func (s *server) scheduleCalls() {
	register(s, call{
		method: http.MethodPost, path: "/api/schedule/preview", may: auth.PipelinesView, tag: "schedules",
		summary: "Say what a schedule means, and when it fires next; words such as \"every weekday at 9\" are understood, too",
	}, previewSchedule)
}

// Bounds of a preview.
const (
	previewTicks     = 5
	mostPreviewTicks = 10
)

type scheduleRequest struct {
	Input    string `json:"input" maxLength:"200" doc:"Five fields, @daily and the like, or words"`
	Timezone string `json:"timezone,omitempty" maxLength:"64" doc:"IANA name; UTC when absent"`
	Count    int    `json:"count,omitempty" minimum:"0" maximum:"10" doc:"How many times are told; 5 when absent"`
}

type schedulePreview struct {
	Valid       bool        `json:"valid"`
	Cron        string      `json:"cron,omitempty" doc:"As it is to be written into a document"`
	Description string      `json:"description,omitempty"`
	Timezone    string      `json:"timezone,omitempty"`
	Next        []time.Time `json:"next" nullable:"false" doc:"The next times, in UTC"`
	Error       string      `json:"error,omitempty"`
	Suggestion  string      `json:"suggestion,omitempty"`
}

func previewSchedule(_ context.Context, in *struct{ Body scheduleRequest }) (*body[schedulePreview], error) {
	spec, err := schedules.Understand(in.Body.Input)
	if err != nil {
		return &body[schedulePreview]{schedulePreview{Next: []time.Time{}, Error: "The schedule " + fault.MessageOf(err), Suggestion: "0 9 * * 1-5"}}, nil
	}
	schedule, err := schedules.Parse(spec, in.Body.Timezone)
	if err != nil {
		return &body[schedulePreview]{schedulePreview{Cron: spec, Next: []time.Time{}, Error: fault.MessageOf(err), Suggestion: "Europe/Berlin"}}, nil
	}
	count := in.Body.Count
	if count == 0 {
		count = previewTicks
	}
	zone := in.Body.Timezone
	if zone == "" {
		zone = "UTC"
	}
	next := schedule.NextTimes(time.Now(), min(count, mostPreviewTicks))
	if next == nil {
		next = []time.Time{}
	}
	return &body[schedulePreview]{schedulePreview{Valid: true, Cron: spec, Description: schedule.Describe(), Timezone: zone, Next: next}}, nil
}
