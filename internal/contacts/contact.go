// Package contacts keeps records of people that other systems push in: leads and
// agents. It knows what a field may hold, when two records are the same person,
// how files that belong to a record are fetched, and what was changed by whom.
package contacts

import (
	"encoding/json"
	"time"

	"github.com/broked/broked/internal/fault"
)

// ID identifies a contact.
type ID string

// Product says what a contact is.
type Product string

// The products.
const (
	Recruiting Product = "recruiting" // a lead
	Retention  Product = "retention"  // an agent
)

// Key is a field by which a contact is found. Empty it is null in JSON.
type Key string

// MarshalJSON implements json.Marshaler.
func (k Key) MarshalJSON() ([]byte, error) {
	if k == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(k))
}

// UnmarshalJSON implements json.Unmarshaler.
func (k *Key) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*k = ""
		return nil
	}
	return json.Unmarshal(b, (*string)(k))
}

// Contact is a record of a person. Its e-mail address and its agent_id are unique
// in its workspace; it has at least one of them.
type Contact struct {
	ID            ID                         `json:"id"`
	Product       Product                    `json:"product" enum:"recruiting,retention" doc:"recruiting is a lead, retention an agent"`
	FirstName     string                     `json:"first_name"`
	LastName      string                     `json:"last_name"`
	Email         Key                        `json:"email" nullable:"true" doc:"Unique, whatever its case"`
	Phone         string                     `json:"phone"`
	Birthday      string                     `json:"birthday" doc:"DD/MM/YYYY"`
	AgentID       Key                        `json:"agent_id" nullable:"true" doc:"Unique"`
	LicenseNumber string                     `json:"license_number"`
	Address       string                     `json:"address"`
	Address2      string                     `json:"address2"`
	City          string                     `json:"city"`
	State         string                     `json:"state"`
	Zip           string                     `json:"zip"`
	Country       string                     `json:"country"`
	Source        string                     `json:"source"`
	Stage         string                     `json:"stage"`
	Status        string                     `json:"status"`
	Tags          []string                   `json:"tags" nullable:"false"`
	Notes         string                     `json:"notes"`
	Custom        map[string]json.RawMessage `json:"custom" doc:"Fields of your own"`
	ResumeURL     string                     `json:"resume_url" doc:"A PDF, which the server fetches"`
	DocumentURLs  []string                   `json:"document_urls" nullable:"false" doc:"Other files, which the server fetches"`
	CreatedAt     time.Time                  `json:"created_at,omitzero"`
	UpdatedAt     time.Time                  `json:"updated_at,omitzero" doc:"Never the same for two changes"`
}

// Revision is a line of the history of a contact.
type Revision struct {
	At     time.Time                  `json:"at"`
	Action string                     `json:"action" enum:"created,updated"`
	Source string                     `json:"source" doc:"Which way it came: api, interface, import or pipeline"`
	Actor  string                     `json:"actor" doc:"The name of the account or the key, as it was then"`
	Fields []string                   `json:"fields" nullable:"false" doc:"What was set or changed"`
	Before map[string]json.RawMessage `json:"before" doc:"What those fields held before, when the contact was there"`
}

// State is where an attachment is in its life.
type State string

// The states of an attachment.
const (
	Pending State = "pending" // will be fetched, perhaps again
	Stored  State = "stored"
	Failed  State = "failed" // will not be fetched again unless it is asked for
)

// Role says what an attachment is to its contact.
type Role string

// The roles of attachments.
const (
	Resume   Role = "resume"
	Document Role = "document"
)

// Attachment is a file that belongs to a contact.
type Attachment struct {
	ID          string     `json:"id"`
	Contact     ID         `json:"contact_id"`
	Role        Role       `json:"role" enum:"resume,document"`
	URL         string     `json:"url" doc:"Where it is fetched from"`
	State       State      `json:"state" enum:"pending,stored,failed"`
	Attempts    int        `json:"attempts"`
	NextTry     *time.Time `json:"next_try" doc:"When it is fetched again, while it is pending"`
	Error       string     `json:"error" doc:"Why the last attempt failed"`
	ErrorCode   string     `json:"error_code"`
	Name        string     `json:"name" doc:"What the file is called"`
	ContentType string     `json:"content_type" doc:"What its server said that it is"`
	Size        int64      `json:"size" doc:"Bytes"`
	SHA256      string     `json:"sha256"`
	CreatedAt   time.Time  `json:"created_at"`
	StoredAt    *time.Time `json:"stored_at"`
}

// NoContact is the fault of asking for a contact that is not there.
func NoContact(id ID) error {
	return fault.New(fault.NotFound, "there is no contact %q", id).With("contact_not_found")
}

// NoEmail is the fault of asking for a contact by an e-mail address that none has.
func NoEmail() error {
	return fault.New(fault.NotFound, "there is no contact with this e-mail address").With("contact_not_found")
}

// NoAttachment is the fault of asking for an attachment that is not there.
func NoAttachment(id string) error {
	return fault.New(fault.NotFound, "there is no attachment %q", id).With("attachment_not_found")
}

// rejected is the fault of a record that is well-formed and wrong.
func rejected(problems []fault.Problem) error {
	err := fault.Rejected("the contact cannot be saved", problems).With("invalid_contact")
	err.Kind = fault.Unprocessable
	return err
}

// Taken is the fault of a record whose keys belong to others: owners has the ids
// of the contacts that have its e-mail address and its agent_id, or "".
func Taken(email, agent ID) error {
	var problems []fault.Problem
	for _, p := range []struct {
		path  string
		owner ID
	}{{"email", email}, {"agent_id", agent}} {
		if p.owner != "" {
			problems = append(problems, fault.Problem{Path: p.path, Message: "belongs to the contact " + string(p.owner)})
		}
	}
	err := fault.Rejected("the contact cannot be saved", problems).With("duplicate_contact")
	err.Kind = fault.Unprocessable
	return err
}
