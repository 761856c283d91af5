// Package storetest is what every store must do, whatever database it is in.
package storetest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/id"
	"github.com/broked/broked/internal/pipelines"
	"github.com/broked/broked/internal/queue"
	"github.com/broked/broked/internal/runs"
	"github.com/broked/broked/internal/store"
)

// Backend is an empty store with its database and its queue, which nobody reads.
type Backend struct {
	*store.Store
	DB    *store.DB
	Queue *queue.Queue
}

// postgres reports whether the database is a PostgreSQL.
func (b Backend) postgres(t *testing.T) bool {
	t.Helper()
	info, err := b.DB.Info(t.Context())
	must(t, err)
	return strings.HasPrefix(info.Engine, "PostgreSQL ")
}

// refuse makes the database refuse new rows of a table.
func (b Backend) refuse(t *testing.T, table string) {
	t.Helper()
	statements := []string{`CREATE TRIGGER refused BEFORE INSERT ON ` + table + ` BEGIN SELECT raise(ABORT, 'no'); END`}
	if b.postgres(t) {
		statements = []string{
			`CREATE FUNCTION refuse() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'`,
			`CREATE TRIGGER refused BEFORE INSERT ON ` + table + ` FOR EACH ROW EXECUTE FUNCTION refuse()`,
		}
	}
	for _, statement := range statements {
		_, err := b.DB.Writer().ExecContext(t.Context(), statement)
		must(t, err)
	}
}

func (b Backend) dropTrigger(t *testing.T, name, table string) {
	t.Helper()
	statement := `DROP TRIGGER ` + name
	if b.postgres(t) {
		statement += ` ON ` + table
	}
	_, err := b.DB.Writer().ExecContext(t.Context(), statement)
	must(t, err)
}

// Run tests stores that open returns, one for each test.
func Run(t *testing.T, open func(t *testing.T) Backend) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Backend){
		"accounts":                       testAccounts,
		"one first account":              testFirstAccount,
		"change user":                    testChangeUser,
		"delete user":                    testDeleteUser,
		"last admin":                     testLastAdmin,
		"one of two last admins stays":   testParallelDemotion,
		"sessions":                       testSessions,
		"lists of sessions":              testSessionLists,
		"at most twenty sessions":        testSessionLimit,
		"rotated signing keys":           testRotateSigning,
		"lockout":                        testLockout,
		"lockout when clocks jump":       testLockoutClock,
		"five guesses at once":           testParallelGuesses,
		"audit log":                      testAudit,
		"audit log of sign-ins":          testAuditOfSignIns,
		"no change without its record":   testAuditIsAllOrNothing,
		"parallel changes are chained":   testParallelAudit,
		"a changed audit log is found":   testVerifyAudit,
		"services":                       testServices,
		"services and their owners":      testServiceOwners,
		"at most fifty keys":             testServiceLimit,
		"use of keys":                    testServiceUse,
		"no key is stored":               testNoKeyIsStored,
		"workspaces":                     testWorkspaces,
		"where a session is":             testWhereASessionIs,
		"who sees whom":                  testSight,
		"who is in a workspace":          testMembers,
		"keys of workspaces":             testServicesOfWorkspaces,
		"pipelines of workspaces":        testPipelinesOfWorkspaces,
		"runs of workspaces":             testRunsOfWorkspaces,
		"audit log of workspaces":        testAuditOfWorkspaces,
		"contacts":                       testContacts,
		"history of contacts":            testContactHistory,
		"contacts that are only tried":   testContactDryRun,
		"one record of one person":       testParallelContacts,
		"lists of contacts":              testContactLists,
		"cursor of contacts":             testContactCursor,
		"erase contact":                  testEraseContact,
		"contacts of workspaces":         testContactWorkspaces,
		"attachments":                    testAttachments,
		"pipelines":                      testPipelines,
		"versions":                       testVersions,
		"documents":                      testDocuments,
		"slugs":                          testSlugs,
		"pipeline pages":                 testPipelinePages,
		"parallel saves":                 testParallelSaves,
		"delete pipeline":                testDeletePipeline,
		"runs":                           testRuns,
		"run pages":                      testRunPages,
		"resumed runs":                   testResumedRuns,
		"forget runs":                    testForget,
		"waiting runs":                   testWaits,
		"waiting runs end":               testEndOfWaits,
		"runs that start others":         testChildren,
		"each child once":                testParallelChildren,
		"children of a resumed run":      testResumedChildren,
		"a family ends together":         testEndOfAFamily,
		"recent runs":                    testRecentRuns,
		"chosen runs":                    testChosenRuns,
		"runs by day":                    testDays,
		"grid of runs":                   testGrid,
		"milestones and columns":         testMilestones,
		"counts of runs":                 testRunCounts,
		"a run's whole life":             testLife,
		"what nodes keep":                testNodeStates,
		"pins":                           testPins,
		"one claim":                      testParallelClaims,
		"order of runs":                  testOrder,
		"most runs of a pipeline":        testMostRuns,
		"pools":                          testPools,
		"schedules":                      testSchedules,
		"backfills":                      testBackfills,
		"backfills skip what is done":    testBackfillsSkip,
		"backfills pause":                testBackfillsPause,
		"backfills are cancelled":        testBackfillsAreCancelled,
		"backfills wait for others":      testBackfillsOverlap,
		"each interval once":             testBackfillsOnce,
		"backfills of workspaces":        testBackfillsOfWorkspaces,
		"requests that come again":       testOnce,
		"runs started together":          testRunsTogether,
		"requests that come again late":  testLongOnce,
		"webhooks":                       testWebhooks,
		"tokens of versions":             testTokensOfVersions,
		"what came with requests":        testInputs,
		"runs that overlap":              testOverlap,
		"files that arrive":              testArrivals,
		"files that arrive elsewhere":    testFarArrivals,
		"the first look elsewhere":       testFarFirstLook,
		"each file once":                 testArrivalsOnce,
		"files wait for their pipeline":  testArrivalsWait,
		"files are bounded":              testFilesAreBounded,
		"contacts that change":           testContactTriggers,
		"what is looked at":              testWatches,
		"gates":                          testGates,
		"gates of others":                testGatesOfOthers,
		"how long gates hold":            testGateTime,
		"runs that start after others":   testDependencyTriggers,
		"no end without what it starts":  testTriggersAreAtomic,
		"triggers and overlaps":          testTriggersOverlap,
		"delete an upstream":             testDeleteUpstream,
		"no circles of pipelines":        testCircles,
		"dependencies of old databases":  testRelate,
		"slots are kept":                 testSlotsAreKept,
		"fences":                         testFences,
		"progress is bounded":            testProgress,
		"nodes end with their run":       testCutShort,
		"cancel":                         testCancel,
		"put back":                       testPutBack,
		"recover":                        testRecover,
		"processes that are gone":        testProcesses,
		"workers":                        testWorkers,
		"recover gives up":               testRecoverGivesUp,
		"what pipelines say of restarts": testOnRestart,
		"orderly stops do not count":     testOrderlyStopsDoNotCount,
		"parallel events are one line":   testParallelEvents,
		"issue of failures":              testIssueOfFailures,
		"success closes issues":          testIssueIsClosed,
		"issue of interruption":          testIssueOfInterruption,
		"no end without its issue":       testNoEndWithoutItsIssue,
		"change issue":                   testChangeIssue,
		"marks of readers":               testIssueMarks,
		"issue pages":                    testIssuePages,
		"issues that last":               testSettleIssues,
		"quiet runs":                     testQuietRuns,
		"what hooks are to be told":      testOutbox,
		"connections":                    testConnections,
		"variables":                      testVariables,
		"secrets that are sealed anew":   testReseal,
		"names of runs":                  testNamesOfRuns,
		"no event without its delivery":  testNoEventWithoutDelivery,
		"hooks of documents":             testHooksOfDocuments,
		"deliveries":                     testDeliveries,
		"receivers that are gone":        testGoneReceivers,
		"facts about the database":       testInfo,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// noon is when most things here happen. The store must not look at a clock.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantKind fails unless err is a fault of kind with a code.
func wantKind(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind || fault.CodeOf(err) != code {
		t.Errorf("got error %v (kind %d, code %s), want kind %d, code %s", err, fault.KindOf(err), fault.CodeOf(err), kind, code)
	}
}

func wantSame(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// atOnce runs fn n times at once and returns how many returned no error.
func atOnce(n int, fn func(i int) error) (won int, errs []error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range n {
		wg.Go(func() {
			err := fn(i)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else {
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	return won, errs
}

func user(name string) auth.User {
	return auth.User{
		ID: auth.UserID(id.New()), Name: name, Canonical: auth.Canonical(name), Role: auth.Admin, Hash: "$argon2id$...", Epoch: 1, CreatedAt: noon,
	}
}

// document returns version 1 of a pipeline with nodes a, b and c.
func document(name string) pipelines.Document {
	d, err := pipelines.Decode(fmt.Appendf(nil, `{
		"name": %q, "description": "all <of> it", "tags": ["daily", "sales"], "schedule": "0 5 * * *",
		"nodes": [
			{"id": "a", "type": "source_file", "name": "Read", "config": {"path":"in.csv","large":12345678901234567890}, "position": {"x": 1.5, "y": -2}},
			{"id": "b", "type": "filter", "name": "Keep", "config": {"where":"x < 3 && y > 4"}},
			{"id": "c", "type": "sink_file", "name": "Write", "config": {}, "note": "kept"}
		],
		"edges": [{"from": "a", "to": "b"}, {"from": "b", "to": "c"}],
		"params": {"month": "2026-03"}, "mine": {"anything":[1,2]}
	}`, name))
	if err != nil {
		panic(err) // the text above is not the document of this release any more
	}
	d.ID, d.Slug, d.Version = pipelines.ID(id.New()), pipelines.Slug(name), 1
	d.Workspace, d.Source, d.CreatedAt, d.UpdatedAt = "default", "ui", noon, noon
	return d
}

// saved returns the document of a pipeline that is in the store.
func saved(t *testing.T, b Backend, name string) pipelines.Document {
	t.Helper()
	d := document(name)
	must(t, b.InsertPipeline(t.Context(), pipelines.Version{Document: d, Message: "created"}))
	return d
}

func newRun(d pipelines.Document) runs.Run {
	return runs.Run{
		ID: runs.ID(id.New()), Pipeline: d.ID, PipelineName: d.Name, PipelineVersion: d.Version, Status: runs.Pending,
		Params: map[string]string{"month": "2026-02"}, Trigger: "manual", StartedBy: "ada", CreatedAt: noon,
	}
}

// pending returns a run that is in the store and waits.
func pending(t *testing.T, b Backend, d pipelines.Document) runs.ID {
	t.Helper()
	r := newRun(d)
	must(t, b.InsertRun(t.Context(), r))
	return r.ID
}

// claimed returns a run that somebody works on.
func claimed(t *testing.T, b Backend, d pipelines.Document, owner string) runs.Claim {
	t.Helper()
	c, err := b.ClaimRun(t.Context(), pending(t, b, d), owner, noon)
	must(t, err)
	return c
}

func events(t *testing.T, b Backend, run runs.ID) []runs.Event {
	t.Helper()
	all, err := b.EventsAfter(t.Context(), run, 0, 1000)
	must(t, err)
	return all
}

// queued returns how many entries wait in the queue.
func queued(t *testing.T, b Backend) int {
	t.Helper()
	var n int
	must(t, b.DB.Writer().QueryRowContext(t.Context(), `SELECT count(*) FROM river_job WHERE state = 'available'`).Scan(&n))
	return n
}
