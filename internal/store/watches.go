package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/files"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/job"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/triggers"
)

var _ triggers.WatchStore = (*Store)(nil)

const (
	watchColumns = `
		t.pipeline_id, p.workspace_id, t.settings, t.made_at, t.looked, t.problem, t.last_run_id, t.last_at`
	watches = `
		SELECT` + watchColumns + `, 0
		FROM pipeline_triggers t
		JOIN pipelines p ON p.id = t.pipeline_id
		WHERE p.enabled = 1 AND p.draft = 0
		ORDER BY t.pipeline_id, t.name`
	watchesOf = `
		SELECT` + watchColumns + `,
			(SELECT count(*) FROM trigger_files f WHERE f.pipeline_id = t.pipeline_id AND f.name = t.name)
		FROM pipeline_triggers t
		JOIN pipelines p ON p.id = t.pipeline_id
		WHERE t.pipeline_id = ?1
		ORDER BY t.name`
	putWatch = `
		INSERT INTO pipeline_triggers (pipeline_id, name, type, settings, made_at, seen_to, deletions_to)
		SELECT ?1, ?2, ?3, ?4, ?5,
			coalesce((SELECT max(c.updated_at) FROM contacts c WHERE c.workspace_id = ?6), 0),
			coalesce((SELECT max(d.at) FROM contact_deletions d WHERE d.workspace_id = ?6), 0)`
	changeWatch = `
		UPDATE pipeline_triggers
		SET settings = ?3
		WHERE pipeline_id = ?1 AND name = ?2`
	unwatch = `
		DELETE FROM pipeline_triggers
		WHERE pipeline_id = ?1 AND name = ?2`
)

func scanWatch(r *sql.Rows) (w triggers.Watch, err error) {
	var settings []byte
	var made int64
	var last instant
	if err := r.Scan(&w.Pipeline, &w.Workspace, &settings, &made, &w.Looked, &w.Problem, &w.LastRun, &last, &w.Files); err != nil {
		return w, err
	}
	w.MadeAt, w.LastAt = moment(made), optional(last)
	return w, json.Unmarshal(settings, &w.Watcher)
}

// watch keeps the triggers of a pipeline as its document says. One that looks at what it
// looked at before knows what it has seen.
func watch(ctx context.Context, tx *sql.Tx, d pipelines.Document, now time.Time) error {
	rows, err := tx.QueryContext(ctx, watchesOf, d.ID)
	old, err := collect(rows, err, scanWatch)
	if err != nil {
		return err
	}
	for _, o := range old {
		if slices.ContainsFunc(d.Triggers, func(w pipelines.Watcher) bool { return w.Name == o.Name && w.Same(o.Watcher) }) {
			continue
		}
		if _, err := tx.ExecContext(ctx, unwatch, d.ID, o.Name); err != nil {
			return err
		}
	}
	for _, w := range d.Triggers {
		settings, err := w.Settings()
		if err != nil {
			return err
		}
		there, err := affected(tx.ExecContext(ctx, changeWatch, d.ID, w.Name, settings))
		if err == nil && !there {
			_, err = tx.ExecContext(ctx, putWatch, d.ID, w.Name, w.Type, settings, millis(now), d.Workspace)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Watches implements triggers.WatchStore.
func (s *Store) Watches(ctx context.Context) ([]triggers.Watch, error) {
	rows, err := s.db.read.QueryContext(ctx, watches)
	all, err := collect(rows, err, scanWatch)
	return slices.DeleteFunc(all, func(w triggers.Watch) bool { return w.Paused }), border("watches", err)
}

// WatchesOf implements triggers.Store.
func (s *Store) WatchesOf(ctx context.Context, of pipelines.ID) ([]triggers.Watch, error) {
	rows, err := s.db.read.QueryContext(ctx, watchesOf, of)
	all, err := collect(rows, err, scanWatch)
	return all, border("watches of a pipeline", err)
}

const noteProblem = `
	UPDATE pipeline_triggers
	SET problem = ?3
	WHERE pipeline_id = ?1 AND name = ?2`

// NoteProblem implements triggers.WatchStore.
func (s *Store) NoteProblem(ctx context.Context, w triggers.Watch, problem string) error {
	return s.change(ctx, "note problem", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, noteProblem, w.Pipeline, w.Name, problem)
		return err
	})
}

const (
	filesSeen = `
		SELECT path, size, modified, version, since, heeded, gone_at
		FROM trigger_files
		WHERE pipeline_id = ?1 AND name = ?2`
	putFile = `
		INSERT INTO trigger_files (pipeline_id, name, path, size, modified, version, since, heeded)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
		ON CONFLICT (pipeline_id, name, path)
		DO UPDATE SET size = excluded.size, modified = excluded.modified, version = excluded.version, since = excluded.since, heeded = excluded.heeded, gone_at = NULL`
	loseFile = `
		UPDATE trigger_files
		SET gone_at = ?4
		WHERE pipeline_id = ?1 AND name = ?2 AND path = ?3`
	forgetFile = `
		DELETE FROM trigger_files
		WHERE pipeline_id = ?1 AND name = ?2 AND path = ?3`
	stillWatched = `
		SELECT count(*), coalesce(max(looked), 0)
		FROM pipeline_triggers
		WHERE pipeline_id = ?1 AND name = ?2 AND made_at = ?3`
	noteLooked = `
		UPDATE pipeline_triggers
		SET looked = 1
		WHERE pipeline_id = ?1 AND name = ?2`
	noteWatch = `
		UPDATE pipeline_triggers
		SET last_run_id = ?3, last_at = ?4
		WHERE pipeline_id = ?1 AND name = ?2`
)

// seenFile is a file as a trigger has seen it.
type seenFile struct {
	path, version         string
	size, modified, since int64
	heeded                bool
	gone                  instant
}

func scanSeenFile(r *sql.Rows) (f seenFile, err error) {
	return f, r.Scan(&f.path, &f.size, &f.modified, &f.version, &f.since, &f.heeded, &f.gone)
}

// fileChanges is what a look has found that is not on record.
type fileChanges struct {
	put    []seenFile // new, changed, or there again
	due    []seenFile // have been as they are for long enough
	lost   []string
	forget []string // gone, and one too many
}

func (c fileChanges) none() bool { return len(c.put)+len(c.due)+len(c.lost)+len(c.forget) == 0 }

// clockStep is how far the times of files may be behind the clock.
const clockStep = 20 * time.Millisecond

// compareFiles returns how what was found differs from what w has seen.
func compareFiles(w triggers.Watch, old []seenFile, found []files.Found, now time.Time) fileChanges {
	var c fileChanges
	known := make(map[string]seenFile, len(old))
	for _, o := range old {
		known[o.path] = o
	}
	for _, f := range found {
		o, there := known[f.Path]
		delete(known, f.Path)
		is, news := regard(o, f, now)
		is.heeded = is.heeded || !there && wasThere(w, f)
		if news {
			c.put = append(c.put, is)
		}
		if !is.heeded && millis(now)-is.since >= w.Stable().Milliseconds() {
			c.due = append(c.due, is)
		}
	}
	gone := slices.SortedFunc(maps.Values(known), func(a, b seenFile) int { return cmp.Compare(a.gone.V, b.gone.V) })
	surplus := max(0, min(len(gone), len(found)+len(gone)-triggers.MaxFiles))
	for _, o := range gone[:surplus] {
		c.forget = append(c.forget, o.path)
	}
	for _, o := range gone[surplus:] {
		if !o.gone.Valid {
			c.lost = append(c.lost, o.path)
		}
	}
	return c
}

// regard returns a file as it is to be on record, and whether that is news. O is as it was
// seen; the zero value is that it was not.
func regard(o seenFile, f files.Found, now time.Time) (is seenFile, news bool) {
	is = seenFile{path: f.Path, version: f.Version, size: f.Size, modified: f.Modified.UnixNano(), since: millis(now)}
	if o.path != f.Path || o.size != is.size || o.modified != is.modified || o.version != is.version {
		return is, true
	}
	is.heeded = o.heeded
	if !o.gone.Valid {
		is.since = o.since
	}
	return is, o.gone.Valid
}

// wasThere reports whether a file is older than a trigger that is not for such. Its name
// may have arrived later than its content was written, and files elsewhere do not say when: of
// those, what the first look has not found is new.
func wasThere(w triggers.Watch, f files.Found) bool {
	before := w.MadeAt.Add(-clockStep)
	return !w.Existing && (w.ConnID == "" || !w.Looked) && f.Modified.Before(before) && f.Changed.Before(before)
}

// SeeFiles implements triggers.WatchStore.
func (s *Store) SeeFiles(ctx context.Context, w triggers.Watch, found []files.Found, now time.Time) (started int, more bool, err error) {
	// Nothing is new most of the time, and to see that must not keep writers waiting.
	rows, err := s.db.read.QueryContext(ctx, filesSeen, w.Pipeline, w.Name)
	old, err := collect(rows, err, scanSeenFile)
	if err != nil || w.Looked && compareFiles(w, old, found, now).none() {
		return 0, false, border("files of a trigger", err)
	}
	err = s.leaving(ctx, "see files", func(tx *sql.Tx) (bool, error) {
		var there bool
		if err := tx.QueryRowContext(ctx, stillWatched, w.Pipeline, w.Name, millis(w.MadeAt)).Scan(&there, &w.Looked); err != nil || !there {
			return false, err
		}
		rows, err := tx.QueryContext(ctx, filesSeen, w.Pipeline, w.Name)
		old, err := collect(rows, err, scanSeenFile)
		if err != nil {
			return false, err
		}
		c := compareFiles(w, old, found, now)
		if err := noteFiles(ctx, tx, w, c, now); err != nil {
			return false, err
		}
		if !w.Looked {
			if _, err := tx.ExecContext(ctx, noteLooked, w.Pipeline, w.Name); err != nil {
				return false, err
			}
		}
		started, more, err = s.heed(ctx, tx, w, c.due, now)
		return started > 0, err
	})
	return started, more, err
}

func noteFiles(ctx context.Context, tx *sql.Tx, w triggers.Watch, c fileChanges, now time.Time) error {
	for _, f := range c.put {
		if err := putSeen(ctx, tx, w, f); err != nil {
			return err
		}
	}
	for _, path := range c.lost {
		if _, err := tx.ExecContext(ctx, loseFile, w.Pipeline, w.Name, path, millis(now)); err != nil {
			return err
		}
	}
	for _, path := range c.forget {
		if _, err := tx.ExecContext(ctx, forgetFile, w.Pipeline, w.Name, path); err != nil {
			return err
		}
	}
	return nil
}

func putSeen(ctx context.Context, tx *sql.Tx, w triggers.Watch, f seenFile) error {
	_, err := tx.ExecContext(ctx, putFile, w.Pipeline, w.Name, f.path, f.size, f.modified, f.version, f.since, f.heeded)
	return err
}

// heed starts the runs of files, as many as may be on record, and reports whether more may
// be started at once.
func (s *Store) heed(ctx context.Context, tx *sql.Tx, w triggers.Watch, due []seenFile, now time.Time) (started int, more bool, err error) {
	if len(due) == 0 {
		return 0, false, nil
	}
	v, err := scanVersion(tx.QueryRowContext(ctx, pipeline, w.Pipeline, ""))
	if err != nil {
		return 0, false, err
	}
	for _, f := range due {
		if started == firedAtOnce {
			return started, true, nil
		}
		did, err := s.arrive(ctx, tx, w, v.Document, arrival{
			cause: triggers.ByFile, at: now, given: map[string]string{"file": f.path, "file_name": triggers.BaseName(f.path)},
		})
		if err != nil || !did {
			return started, false, err
		}
		f.heeded = true
		if err := putSeen(ctx, tx, w, f); err != nil {
			return started, false, err
		}
		started++
	}
	return started, false, nil
}

// arrival is what starts a run.
type arrival struct {
	cause string
	given map[string]string
	at    time.Time
}

// arrive starts a run of d for a trigger, and reports whether it has: while one more run
// would be skipped or cancel another, it is for later.
func (s *Store) arrive(ctx context.Context, tx *sql.Tx, w triggers.Watch, d pipelines.Document, a arrival) (bool, error) {
	if full, err := overlaps(ctx, tx, d.ID); err != nil || full {
		return false, err
	}
	r := runs.Run{
		ID: runs.ID(id.New()), Pipeline: d.ID, PipelineName: d.Name, PipelineVersion: d.Version, Trigger: a.cause,
		Params: d.Taken(w.Watcher, a.given), Priority: d.Priority, CreatedAt: a.at,
	}
	if err := s.insertRun(ctx, tx, r); err != nil {
		return false, err
	}
	if wrong := d.CheckParams(r.Params); wrong != nil { // a name that is none of the values which the pipeline takes
		if err := block(ctx, tx, r.ID, &job.Failure{Code: fault.CodeOf(wrong), Message: fault.MessageOf(wrong)}, a.at); err != nil {
			return false, err
		}
	}
	_, err := tx.ExecContext(ctx, noteWatch, w.Pipeline, w.Name, r.ID, millis(a.at))
	return true, err
}
