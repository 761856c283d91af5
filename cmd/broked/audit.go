package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// auditCmd reads the audit log.
type auditCmd struct {
	List   auditListCmd   `cmd:"" help:"Print the newest records, newest first."`
	Verify auditVerifyCmd `cmd:"" help:"Check that the audit log is as it was written."`
}

type auditListCmd struct {
	Limit int `help:"How many records." default:"50"`
	target
}

// Validate implements kong's check of flags.
func (c *auditListCmd) Validate() error {
	if c.Limit < 1 {
		return errors.New("--limit must be at least 1")
	}
	return nil
}

// Run prints records.
func (c *auditListCmd) Run(ctx context.Context, w world) error {
	return c.admin(ctx, w, func(ctx context.Context, a admin) error {
		all, err := a.Audit(ctx, c.Limit)
		if err != nil {
			return err
		}
		return c.print(w, all, func(table io.Writer) {
			fmt.Fprintln(table, "SEQ\tTIME\tEVENT\tACTOR\tADDRESS\tTARGET\tOUTCOME\tDETAILS")
			for _, r := range all {
				fmt.Fprintf(table, "%d\t%s\t%s\t%s %q\t%s\t%s\t%s\t%s\n", r.Seq, r.At.Format(time.RFC3339), r.Event, r.ActorKind, r.Actor, r.Address, r.Target, r.Outcome, r.Details)
			}
		})
	})
}

type auditVerifyCmd struct{ target }

// Run checks the log and fails when it is not as it was written.
func (c *auditVerifyCmd) Run(ctx context.Context, w world) error {
	return c.admin(ctx, w, func(ctx context.Context, a admin) error {
		v, err := a.VerifyAudit(ctx)
		if err != nil {
			return err
		}
		if !v.OK {
			return fmt.Errorf("the audit log was changed: record %d is not as it was written, or one before it is missing", v.BrokenAt)
		}
		return c.print(w, v, func(table io.Writer) {
			fmt.Fprintf(table, "%d records, all as they were written; the last hash is %s\n", v.Checked, v.Head)
		})
	})
}
