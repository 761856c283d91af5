package issues

import (
	"context"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/news"
)

// ChangedIn is the news key that is posted when somebody changes an issue in a
// workspace, and when one comes or goes there without a run.
func ChangedIn(w auth.WorkspaceID) string { return "issues:" + string(w) }

// longestMute is how long an issue can be muted at most: what is muted for good
// is forgotten.
const longestMute = 90 * 24 * time.Hour

// Service lists issues and lets people care for them.
type Service struct {
	store Store
	news  *news.Board
}

// NewService returns a service that keeps issues in store and posts on board.
func NewService(store Store, board *news.Board) *Service {
	return &Service{store: store, news: board}
}

// viewer returns who looks, by ctx.
func viewer(ctx context.Context) Viewer {
	actor, _ := auth.ActorFrom(ctx)
	return Viewer{Workspace: auth.HomeFrom(ctx), Reader: actor.ID(), Now: now()}
}

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// List returns a page of issues, newest first. The viewer is taken from ctx.
func (s *Service) List(ctx context.Context, f Filter) ([]Issue, error) {
	f, none := seenBy(ctx, f)
	if none {
		return []Issue{}, nil
	}
	return s.store.Issues(ctx, f)
}

// seenBy returns f with who looks, and whether it can choose nothing.
func seenBy(ctx context.Context, f Filter) (_ Filter, none bool) {
	f.Viewer = viewer(ctx)
	if f.Mine {
		actor, _ := auth.ActorFrom(ctx)
		f.Assignee = actor.User
		return f, actor.User == ""
	}
	return f, false
}

// Count returns how many issues f chooses. The viewer is taken from ctx.
func (s *Service) Count(ctx context.Context, f Filter) (int, error) {
	f, none := seenBy(ctx, f)
	if none {
		return 0, nil
	}
	return s.store.CountIssues(ctx, f)
}

// Get returns an issue with its history.
func (s *Service) Get(ctx context.Context, issue ID) (Issue, error) {
	if !id.Plausible(string(issue)) {
		return Issue{}, NotFound(issue)
	}
	return s.store.Issue(ctx, viewer(ctx), issue)
}

// Acknowledge notes that the actor has seen an issue and cares for it. A resolved
// issue is a Conflict fault.
func (s *Service) Acknowledge(ctx context.Context, issue ID) (Issue, error) {
	return s.change(ctx, issue, (*Issue).acknowledge)
}

// Resolve closes an issue before its cause is known to be gone. When the cause
// shows again, that is a new issue.
func (s *Service) Resolve(ctx context.Context, issue ID) (Issue, error) {
	return s.change(ctx, issue, func(i *Issue, by string, now time.Time) ([]Event, error) {
		return i.Resolve(by, "", now), nil
	})
}

// Assign gives an issue to an account, or to nobody when user is "". An account
// that cannot sign in is an Invalid fault, a resolved issue a Conflict.
func (s *Service) Assign(ctx context.Context, issue ID, user auth.UserID) (Issue, error) {
	var to auth.User
	if user != "" {
		var err error
		to, err = s.store.User(ctx, user)
		if fault.KindOf(err) == fault.NotFound || err == nil && to.Disabled {
			return Issue{}, fault.Rejected("the issue cannot be assigned", []fault.Problem{{Path: "user_id", Message: "is not the id of an account that can sign in"}})
		}
		if err != nil {
			return Issue{}, err
		}
	}
	return s.change(ctx, issue, func(i *Issue, by string, now time.Time) ([]Event, error) { return i.assign(to, by, now) })
}

// Mute keeps an issue from counting as unread until a time, at most 90 days
// ahead. It stays in lists, and closes as others do.
func (s *Service) Mute(ctx context.Context, issue ID, until time.Time) (Issue, error) {
	until = until.UTC().Truncate(time.Second)
	if ahead := time.Until(until); ahead <= 0 || ahead > longestMute {
		return Issue{}, fault.Rejected("the issue cannot be muted", []fault.Problem{{Path: "until", Message: "must be in the future, and at most 90 days ahead"}})
	}
	return s.change(ctx, issue, func(i *Issue, by string, now time.Time) ([]Event, error) { return i.mute(&until, by, now) })
}

// Unmute ends what Mute did.
func (s *Service) Unmute(ctx context.Context, issue ID) (Issue, error) {
	return s.change(ctx, issue, func(i *Issue, by string, now time.Time) ([]Event, error) { return i.mute(nil, by, now) })
}

func (s *Service) change(ctx context.Context, issue ID, do func(i *Issue, by string, now time.Time) ([]Event, error)) (Issue, error) {
	if !id.Plausible(string(issue)) {
		return Issue{}, NotFound(issue)
	}
	actor, _ := auth.ActorFrom(ctx)
	v := viewer(ctx)
	i, err := s.store.ChangeIssue(ctx, v, issue, func(i *Issue) ([]Event, error) { return do(i, actor.Name, v.Now) })
	if err == nil {
		s.news.Post(ChangedIn(v.Workspace))
	}
	return i, err
}

// Read notes that the actor has read an issue; nobody else's count changes.
func (s *Service) Read(ctx context.Context, issue ID) error { return s.mark(ctx, issue, false) }

// Dismiss takes an issue off the actor's own list of alerts.
func (s *Service) Dismiss(ctx context.Context, issue ID) error { return s.mark(ctx, issue, true) }

func (s *Service) mark(ctx context.Context, issue ID, dismiss bool) error {
	if !id.Plausible(string(issue)) {
		return NotFound(issue)
	}
	return s.store.MarkIssue(ctx, viewer(ctx), issue, dismiss)
}

// ReadAll notes that the actor has read every issue that there is.
func (s *Service) ReadAll(ctx context.Context) error {
	return s.store.MarkAllIssues(ctx, viewer(ctx))
}
