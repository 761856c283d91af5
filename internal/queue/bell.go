package queue

import (
	"context"
	"fmt"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// bell wakes the reader of the queue. Rings while it is awake become one.
type bell chan struct{}

func newBell() bell { return make(bell, 1) }

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// driver is River's driver for SQLite, but for the way in which it hears of new
// entries. SQLite has no notifications; River polls a table for them 20 times a
// second and writes to it with every entry. We are the only process, so a
// channel does it: nothing is written, nothing is polled, and an entry is picked
// up a millisecond after its commit.
type driver struct {
	*riversqlite.Driver
	bell  bell
	lines []string // whose readers are woken
}

// GetListener implements riverdriver.Driver.
func (d driver) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener { //nolint:ireturn // River's interface says so
	return &listener{bell: d.bell, lines: d.lines}
}

// SupportsListenNotify implements riverdriver.Driver: nothing is to be written.
func (driver) SupportsListenNotify() bool { return false }

// listener tells River that the bell has rung, for each line once.
type listener struct {
	bell  bell
	lines []string
	left  []string // of this time
}

// WaitForNotification implements riverdriver.Listener.
func (l *listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	if len(l.left) == 0 {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-l.bell:
			l.left = l.lines
		}
	}
	next := l.left[0]
	l.left = l.left[1:]
	return &riverdriver.Notification{Topic: "river_insert", Payload: fmt.Sprintf(`{"queue":%q}`, next)}, nil
}

// Connect implements riverdriver.Listener.
func (*listener) Connect(context.Context) error { return nil }

// Close implements riverdriver.Listener.
func (*listener) Close(context.Context) error { return nil }

// Listen implements riverdriver.Listener.
func (*listener) Listen(context.Context, string) error { return nil }

// Unlisten implements riverdriver.Listener.
func (*listener) Unlisten(context.Context, string) error { return nil }

// Ping implements riverdriver.Listener.
func (*listener) Ping(context.Context) error { return nil }

// Schema implements riverdriver.Listener.
func (*listener) Schema() string { return "" }

// SetAfterConnectExec implements riverdriver.Listener.
func (*listener) SetAfterConnectExec(string) {}
