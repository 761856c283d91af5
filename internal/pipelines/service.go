package pipelines

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/news"
	"github.com/broked/broked/internal/node"
)

// ChangedIn is the news key that is posted when a pipeline of a workspace is made, saved
// or deleted.
func ChangedIn(w auth.WorkspaceID) string { return "pipelines:" + string(w) }

// Service keeps pipelines: it lets only sound documents in, and every save is a
// version.
type Service struct {
	store Store
	kinds *node.Registry
	news  *news.Board
	names Names // nil when it is not known what names stand for
}

// NewService returns a service that keeps its documents in store, checks them against
// kinds, and posts on board.
func NewService(store Store, kinds *node.Registry, board *news.Board) *Service {
	return &Service{store: store, kinds: kinds, news: board}
}

// told posts that a pipeline of a workspace has changed, unless err says that it has not,
// and returns err.
func (s *Service) told(workspace string, err error) error {
	if err == nil {
		s.news.Post(ChangedIn(auth.WorkspaceID(workspace)))
	}
	return err
}

// Knows gives s what knows names, before s is used.
func (s *Service) Knows(n Names) { s.names = n }

// versionsShown is how much of a history lists show.
const versionsShown = 50

// Create stores a new pipeline and returns it as version 1. A slug that was not
// given is made of the name and numbered when it is taken; one that was given
// and is taken is a Conflict. An unsound document is an Invalid fault with all its
// problems; nodes whose kind asks for a permission that the actor lacks are a
// Denied fault.
func (s *Service) Create(ctx context.Context, d Document) (Document, error) {
	return s.create(ctx, d, "", "created")
}

func (s *Service) create(ctx context.Context, d Document, yaml, message string) (Document, error) {
	d.ID = ID(id.New())
	d.normalise()
	if err := s.allowed(ctx, Document{}, d); err != nil {
		return Document{}, err
	}
	if err := s.sound(ctx, d); err != nil {
		return Document{}, err
	}
	d.Version, d.Workspace = 1, string(auth.HomeFrom(ctx))
	if d.Source == "" {
		d.Source = "ui"
	}
	d.CreatedAt = time.Now().UTC().Truncate(time.Millisecond)
	d.UpdatedAt = d.CreatedAt
	wanted, given := d.Slug, d.Slug != ""
	if !given {
		wanted = Slug(d.Name)
	}
	v := Version{YAML: yaml, Message: message, Author: author(ctx), WebhookToken: d.WebhookToken}
	for try := 1; ; try++ {
		d.Slug = wanted
		if try > 1 && wanted != "" {
			d.Slug = fmt.Sprintf("%s-%d", wanted, try)
		}
		v.Document = d
		v.Document.WebhookToken = ""
		err := s.store.InsertPipeline(ctx, v)
		if fault.KindOf(err) != fault.Conflict {
			return d, s.told(d.Workspace, err)
		}
		if given || try == 100 {
			return Document{}, s.taken(ctx, wanted)
		}
	}
}

func (s *Service) taken(ctx context.Context, slug string) error {
	other, err := s.store.Pipeline(ctx, slug)
	if err != nil {
		return fault.New(fault.Conflict, "the pipeline_id %q is taken", slug).With("pipeline_exists")
	}
	return fault.New(fault.Conflict, "the pipeline_id %q is taken by pipeline %s (%s)", slug, other.Document.ID, other.Document.Name).With("pipeline_exists")
}

func author(ctx context.Context) string {
	a, _ := auth.ActorFrom(ctx)
	return a.Name
}

// Get returns the newest version of the pipeline with this id or slug.
func (s *Service) Get(ctx context.Context, ref string) (Document, error) {
	v, err := s.find(ctx, ref)
	return v.Document, err
}

func (s *Service) find(ctx context.Context, ref string) (Version, error) {
	if !id.Plausible(ref) {
		return Version{}, notFound(ref)
	}
	return s.store.Pipeline(ctx, ref)
}

func notFound(ref string) error {
	return fault.New(fault.NotFound, "there is no pipeline %q", ref).With("pipeline_not_found")
}

// List returns a page of summaries, newest first.
func (s *Service) List(ctx context.Context, p Page) ([]Summary, error) {
	return s.store.Pipelines(ctx, p)
}

// Count returns how many pipelines there are.
func (s *Service) Count(ctx context.Context) (int, error) { return s.store.CountPipelines(ctx) }

// Update saves body, a JSON document, over the pipeline; members that it does
// not have keep their value.
func (s *Service) Update(ctx context.Context, ref string, body []byte, over Over) (Document, error) {
	old, err := s.under(ctx, ref, over)
	if err != nil {
		return Document{}, err
	}
	d, err := decodeOnto(old.Document, body)
	if err != nil {
		return Document{}, err
	}
	return s.save(ctx, old, d, "")
}

// Replace saves text, a whole document in its YAML form, over the pipeline: members
// that it does not have lose their value. Its comments are there when the pipeline is
// exported.
func (s *Service) Replace(ctx context.Context, ref string, text []byte, over Over) (Document, error) {
	old, err := s.under(ctx, ref, over)
	if err != nil {
		return Document{}, err
	}
	d, err := DecodeYAML(text)
	if err != nil {
		return Document{}, err
	}
	old.YAML = string(text)
	return s.save(ctx, old, d, "")
}

// Changed returns the pipeline as Update with body would save it, and saves nothing;
// without ref it is what Create would save of body. An empty body changes nothing. What they refuse, it refuses,
// and drafts as well when they would not be sound.
func (s *Service) Changed(ctx context.Context, ref string, body []byte) (Document, error) {
	old := Version{Document: Document{Enabled: true}}
	if ref != "" {
		var err error
		if old, err = s.find(ctx, ref); err != nil {
			return Document{}, err
		}
	}
	if len(body) == 0 {
		body = []byte("{}")
	}
	d, err := decodeOnto(old.Document, body)
	if err != nil {
		return Document{}, err
	}
	d.Draft, d.ID, d.Workspace = false, old.Document.ID, string(auth.HomeFrom(ctx))
	if err := s.allowed(ctx, old.Document, d); err != nil {
		return Document{}, err
	}
	return d, s.sound(ctx, d)
}

func stale(newest int) error {
	return fault.New(fault.Stale, "the pipeline was changed meanwhile: its newest version is %d", newest)
}

// save stores d as the version after old. What belongs to the server, and the
// slug, stay as they were.
func (s *Service) save(ctx context.Context, old Version, d Document, message string) (Document, error) {
	before := old.Document
	if err := changeable(before); err != nil {
		return Document{}, err
	}
	d.ID, d.Slug, d.Source, d.Workspace, d.CreatedAt = before.ID, before.Slug, before.Source, before.Workspace, before.CreatedAt
	if d.WebhookToken == "" {
		d.WebhookToken = before.WebhookToken // of a document that still has it
	}
	if d.Draft && !before.Draft {
		return Document{}, fault.New(fault.Conflict, "a published pipeline cannot become a draft again").With("published")
	}
	if err := s.allowed(ctx, before, d); err != nil {
		return Document{}, err
	}
	if err := s.sound(ctx, d); err != nil {
		return Document{}, err
	}
	if err := checkRenamed(before, d, old.Renamed); err != nil {
		return Document{}, err
	}
	d.Version = before.Version + 1
	d.UpdatedAt = time.Now().UTC().Truncate(time.Millisecond)
	v := Version{Document: d, YAML: old.YAML, Message: message, Author: author(ctx), WebhookToken: d.WebhookToken, Renamed: old.Renamed}
	v.Document.WebhookToken = ""
	return d, s.told(d.Workspace, s.store.AppendVersion(ctx, v))
}

// Clone stores a copy of a pipeline under a new name and id. Node ids stay as
// they are, because they only need to be unique within a pipeline.
func (s *Service) Clone(ctx context.Context, ref string) (Document, error) {
	v, err := s.find(ctx, ref)
	if err != nil {
		return Document{}, err
	}
	d := v.Document
	d.Name, d.Slug, d.Source, d.WebhookToken = d.Name+" (copy)", "", "", ""
	return s.create(ctx, d, v.YAML, "copied from "+string(v.Document.ID))
}

// Validate returns what Create or Update would object to in d.
func (s *Service) Validate(ctx context.Context, d Document) (Findings, error) {
	var known *Known
	if names := d.Names(); s.names != nil {
		var err error
		if known, err = s.names.Known(ctx, names); err != nil {
			return Findings{}, err
		}
	}
	f := d.CheckWith(s.kinds, known)
	problems, err := s.checkDependencies(ctx, d)
	f.Problems = append(f.Problems, problems...)
	if err != nil {
		return f, err
	}
	called, err := s.checkCalls(ctx, d)
	f.Problems = append(f.Problems, called...)
	if err == nil && d.Pool != "" {
		var there bool
		if there, err = s.store.HasPool(ctx, d.Pool); err == nil && !there {
			f.add("pool", "there is no pool %q: an administrator makes it first", d.Pool)
		}
	}
	return f, err
}

func (s *Service) sound(ctx context.Context, d Document) error {
	f, err := s.Validate(ctx, d)
	if err != nil {
		return err
	}
	if len(f.Problems) > 0 {
		return fault.Rejected("the pipeline cannot be saved", f.Problems)
	}
	return nil
}

// Versions returns the history of a pipeline, newest first, at most 50 lines.
func (s *Service) Versions(ctx context.Context, ref string) ([]VersionInfo, error) {
	v, err := s.find(ctx, ref)
	if err != nil {
		return nil, err
	}
	return s.store.Versions(ctx, v.Document.ID, versionsShown)
}

// Version returns the pipeline as it was in version number.
func (s *Service) Version(ctx context.Context, ref string, number int) (Document, error) {
	v, err := s.find(ctx, ref)
	if err != nil {
		return Document{}, err
	}
	at, err := s.store.PipelineVersion(ctx, v.Document.ID, number)
	return at.Document, err
}

// Rollback saves an old version as the newest one, after checking it as any
// other document.
func (s *Service) Rollback(ctx context.Context, ref string, number int) (Document, error) {
	now, err := s.find(ctx, ref)
	if err != nil {
		return Document{}, err
	}
	then, err := s.store.PipelineVersion(ctx, now.Document.ID, number)
	if err != nil {
		return Document{}, err
	}
	now.YAML = then.YAML
	return s.save(ctx, now, then.Document, fmt.Sprintf("rollback to v%d", number))
}

// circleOf returns the names of the pipelines on a way from d over ref back to d, or
// nil when there is none. Next returns the ids or slugs that a pipeline leads to. That
// ref is not there is a NotFound fault.
func (s *Service) circleOf(ctx context.Context, d Document, ref string, next func(Document) []string) ([]string, error) {
	names := []string{d.Name}
	var walk func(ref string) ([]string, error)
	seen := map[ID]bool{}
	walk = func(ref string) ([]string, error) {
		v, err := s.find(ctx, ref)
		if err != nil {
			return nil, err
		}
		up := v.Document
		names = append(names, up.Name)
		defer func() { names = names[:len(names)-1] }()
		if up.ID == d.ID {
			return slices.Clone(names), nil
		}
		if seen[up.ID] {
			return nil, nil
		}
		seen[up.ID] = true
		for _, more := range next(up) {
			circle, err := walk(more)
			if circle != nil || err != nil && fault.KindOf(err) != fault.NotFound {
				return circle, err
			}
		}
		return nil, nil
	}
	return walk(ref)
}
