package runs

import "time"

// Process is one of the servers that share a database and its queue.
type Process struct {
	ID        string    // of this boot: the owner of its runs
	Host      string    // name of its machine
	Version   string    // of the program
	Slots     int       // runs that it executes at once
	StartedAt time.Time // by the clock of the database, as SeenAt
	SeenAt    time.Time // when it last said that it is alive
}
