package api

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/limits"
)

// Class groups calls that share a limit. Every call has one.
type Class string

// The classes of calls. All but the first two count what a key does; people are
// counted by their address.
const (
	classPeople Class = "people" // everything, by address
	classAuth   Class = "auth"   // signing in and the like, by address
	classToken  Class = "token"  // getting access tokens and service sessions
	classList   Class = "list"
	classDetail Class = "detail"
	classWrite  Class = "write"
	classReport Class = "report"
	classBulk   Class = "bulk"
	classFree   Class = "free" // not limited: health checks

	classWebhook Class = "webhook" // starting runs by the webhook of a pipeline, by pipeline
)

// DefaultLimits is how often calls may be made when nobody said otherwise.
func DefaultLimits() map[Class]limits.Rate {
	return map[Class]limits.Rate{
		classPeople: limits.Per(200, time.Second, 400),
		classAuth:   limits.Per(10, time.Second, 20),
		classToken:  limits.Per(10, time.Minute, 20),
		classList:   limits.Per(100, time.Minute, 200),
		classDetail: limits.Per(200, time.Minute, 400),
		classWrite:  limits.Per(50, time.Minute, 100),
		classReport: limits.Per(10, time.Hour, 20),
		classBulk:   limits.Per(5, time.Minute, 10),

		classWebhook: limits.Per(60, time.Minute, 120),
	}
}

// ParseLimits returns the default limits with those in texts put over them, such
// as people=off or write=100/min:200.
func ParseLimits(texts map[string]string) (map[Class]limits.Rate, error) {
	rates := DefaultLimits()
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if _, known := rates[Class(name)]; !known {
			var names []string
			for class := range rates {
				names = append(names, string(class))
			}
			slices.Sort(names)
			return nil, fmt.Errorf("%q is not a class of calls%s: there are %s", name, fault.DidYouMean(name, names), strings.Join(names, ", "))
		}
		rate, err := limits.Parse(texts[name])
		if err != nil {
			return nil, err
		}
		rates[Class(name)] = rate
	}
	return rates, nil
}

// classOf returns the class of a call: the one that it names, else by what it
// does to what.
func classOf(c call) Class {
	switch {
	case c.class != "":
		return c.class
	case c.method != http.MethodGet:
		return classWrite
	case strings.Contains(c.path, "{"):
		return classDetail
	}
	return classList
}

// admit counts a request before anybody looks at its credentials, so that
// guessing is limited too.
func (s *server) admit(class Class, from auth.Caller) error {
	if class == classFree {
		return nil
	}
	where := network(from.Address)
	if err := s.take(classPeople, where); err != nil || class != classAuth {
		return err
	}
	return s.take(classAuth, where)
}

// admitKey counts a request of a service account under its own name and the
// class of the call. People have been counted by their address.
func (s *server) admitKey(class Class, a auth.Actor) error {
	if a.Service == "" || class == classFree {
		return nil
	}
	return s.take(class, "key "+string(a.Service))
}

// network returns what addresses are counted together: one of IPv4, and of IPv6
// the /64 that one subscriber has.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Is4() {
		return address
	}
	p, err := a.Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}

func (s *server) take(class Class, who string) error { return s.counted(s.limiter.Take, class, who) }

// look returns the error that take would, and counts nothing.
func (s *server) look(class Class, who string) error { return s.counted(s.limiter.Look, class, who) }

func (s *server) counted(count func(string, limits.Rate) limits.Verdict, class Class, who string) error {
	v := count(string(class)+" "+who, s.Limits[class])
	if v.OK {
		return nil
	}
	return &limitedError{class: class, rate: s.Limits[class], verdict: v}
}

// limitedError says that a limit is used up, and for how long.
type limitedError struct {
	class   Class
	rate    limits.Rate
	verdict limits.Verdict
}

// Error implements error.
func (e *limitedError) Error() string { return e.fault().Error() }

// Unwrap returns the fault that e is.
func (e *limitedError) Unwrap() error { return e.fault() }

func (e *limitedError) fault() *fault.Error {
	return fault.New(fault.Exhausted, "too many requests: the next one passes in %d s", e.verdict.RetryAfter()).With("rate_limited")
}

// write sets the headers that tell when to come again
// (draft-ietf-httpapi-ratelimit-headers).
func (e *limitedError) write(h http.Header) {
	window := int((e.rate.Every * time.Duration(e.rate.Burst)).Seconds())
	h.Set("RateLimit-Policy", fmt.Sprintf(`%q;q=%d;w=%d`, e.class, e.rate.Burst, max(1, window)))
	h.Set("RateLimit", fmt.Sprintf(`%q;r=0;t=%d`, e.class, e.verdict.RetryAfter()))
}
