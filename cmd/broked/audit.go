package main

import (
	"context"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/broked/broked/internal/auth"
	"github.com/broked/broked/internal/store"
)

// auditCmd reads the audit log on the host, while no server runs.
type auditCmd struct {
	List   auditListCmd   `cmd:"" help:"Print the newest records, newest first."`
	Verify auditVerifyCmd `cmd:"" help:"Check that the audit log is as it was written."`
}

type auditListCmd struct {
	Limit int `help:"How many records." default:"50"`
	storedIn
}

// Run prints records as a table.
func (c *auditListCmd) Run(ctx context.Context, w world) error {
	return c.open(ctx, w, "GET /api/audit", func(ctx context.Context, memory *store.Store, _ *slog.Logger) error {
		all, err := memory.AuditRecords(ctx, auth.AuditFilter{Limit: c.Limit})
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "SEQ\tTIME\tEVENT\tACTOR\tADDRESS\tTARGET\tOUTCOME\tDETAILS")
		for _, r := range all {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s %q\t%s\t%s\t%s\t%s\n", r.Seq, r.At.Format(time.RFC3339), r.Event, r.ActorKind, r.Actor, r.Address, r.Target, r.Outcome, r.Details)
		}
		return table.Flush()
	})
}

type auditVerifyCmd struct{ storedIn }

// Run checks the log and fails when it is not as it was written.
func (c *auditVerifyCmd) Run(ctx context.Context, w world) error {
	return c.open(ctx, w, "GET /api/audit/verify", func(ctx context.Context, memory *store.Store, _ *slog.Logger) error {
		v, err := memory.VerifyAudit(ctx)
		if err != nil {
			return err
		}
		if !v.OK {
			return fmt.Errorf("the audit log was changed: record %d is not as it was written, or one before it is missing", v.BrokenAt)
		}
		_, err = fmt.Fprintf(w.out, "%d records, all as they were written; the last hash is %s\n", v.Checked, v.Head)
		return err
	})
}
