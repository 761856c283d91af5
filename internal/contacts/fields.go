package contacts

import (
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/broked/broked/internal/fault"
	"github.com/broked/broked/internal/outbound"
)

// text is a field that holds text.
type text struct {
	name  string
	most  int // code points
	lines bool
	check func(string) string // what is wrong, or ""; nil: anything goes
	at    func(*Contact) *string
}

// texts are the fields that hold text, in the order of the record.
var texts = []text{
	{name: "first_name", most: 255, at: func(c *Contact) *string { return &c.FirstName }},
	{name: "last_name", most: 255, at: func(c *Contact) *string { return &c.LastName }},
	{name: "email", most: 254, check: checkEmail, at: func(c *Contact) *string { return (*string)(&c.Email) }},
	{name: "phone", most: 40, check: checkPhone, at: func(c *Contact) *string { return &c.Phone }},
	{name: "birthday", most: 10, check: checkBirthday, at: func(c *Contact) *string { return &c.Birthday }},
	{name: "agent_id", most: 128, at: func(c *Contact) *string { return (*string)(&c.AgentID) }},
	{name: "license_number", most: 128, at: func(c *Contact) *string { return &c.LicenseNumber }},
	{name: "address", most: 255, at: func(c *Contact) *string { return &c.Address }},
	{name: "address2", most: 255, at: func(c *Contact) *string { return &c.Address2 }},
	{name: "city", most: 255, at: func(c *Contact) *string { return &c.City }},
	{name: "state", most: 255, at: func(c *Contact) *string { return &c.State }},
	{name: "zip", most: 32, at: func(c *Contact) *string { return &c.Zip }},
	{name: "country", most: 100, at: func(c *Contact) *string { return &c.Country }},
	{name: "source", most: 255, at: func(c *Contact) *string { return &c.Source }},
	{name: "stage", most: 255, at: func(c *Contact) *string { return &c.Stage }},
	{name: "status", most: 255, at: func(c *Contact) *string { return &c.Status }},
	{name: "notes", most: 10_000, lines: true, at: func(c *Contact) *string { return &c.Notes }},
	{name: "resume_url", most: maxURL, check: checkURL, at: func(c *Contact) *string { return &c.ResumeURL }},
}

// Bounds of what is not one text.
const (
	maxURL       = 2048
	maxTags      = 50
	maxTag       = 100
	maxDocuments = 20
	maxCustom    = 16 << 10 // bytes of JSON
)

// clean returns s as it is kept, and what is wrong with it, or "".
func (t text) clean(s string) (string, string) {
	s = strings.TrimSpace(norm.NFC.String(s))
	switch {
	case s == "":
		return "", ""
	case utf8.RuneCountInString(s) > t.most:
		return "", "is longer than " + itoa(t.most) + " characters"
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && (!t.lines || r != '\n' && r != '\r' && r != '\t') }):
		return "", "has control characters"
	case t.check != nil:
		return s, t.check(s)
	}
	return s, ""
}

var domain = regexp.MustCompile(`^[\pL\pN]([\pL\pM\pN-]{0,61}[\pL\pM\pN])?(\.[\pL\pN]([\pL\pM\pN-]{0,61}[\pL\pM\pN])?)+$`)

func checkEmail(s string) string {
	at := strings.LastIndexByte(s, '@')
	parsed, err := mail.ParseAddress(s)
	if err != nil || at < 1 || at > 64 || parsed.Name != "" || parsed.Address != s || s[0] == '"' || !domain.MatchString(s[at+1:]) {
		return "is not an e-mail address, such as ada@example.com"
	}
	return ""
}

// Canonical returns an e-mail address as addresses are compared.
func Canonical(email Key) string {
	return cases.Fold().String(norm.NFC.String(strings.TrimSpace(string(email))))
}

var phone = regexp.MustCompile(`^\+?[0-9 ()./-]+( ?(x|ext\.?) ?[0-9]{1,8})?$`)

func checkPhone(s string) string {
	number, _, _ := strings.Cut(s, "x")
	digits := 0
	for _, r := range number {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if !phone.MatchString(s) || digits < 5 || digits > 15 {
		return "is not a telephone number, such as +1 555 010 0199"
	}
	return ""
}

func checkBirthday(s string) string {
	day, err := time.Parse("02/01/2006", s)
	if err != nil || day.Year() < 1850 || day.After(time.Now()) {
		return "is not a date in the past as DD/MM/YYYY, such as 31/12/1990"
	}
	return ""
}

func checkURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "is not an address, such as https://example.com/file.pdf"
	}
	if err := outbound.CheckURL(u); err != nil {
		return strings.TrimPrefix(fault.MessageOf(err), "the address ")
	}
	return ""
}
