package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestEditorsCanCode sees that the flag gives editors, and nobody weaker, the
// permission to write programs, that they are told so, and that an account which
// lacks it cannot make an editor who has it.
func TestEditorsCanCode(t *testing.T) {
	t.Parallel()
	const pipeline = `{"name":"programs","nodes":[
		{"id":"rows","type":"code","config":{"script":"output_data = {'columns': ['a'], 'rows': [{'a': 1}]}"}},
		{"id":"file","type":"sink_file","config":{"path":"rows.csv"}}],"edges":[{"from":"rows","to":"file"}]}`
	for _, tc := range []struct {
		name   string
		flags  []string
		status int // of an editor who saves
		may    bool
		made   int // of a service without the permission that makes an editor
	}{
		{"off", nil, 403, false, 201},
		{"said to be off", []string{"--editors-can-code=no"}, 403, false, 201},
		{"on", []string{"--editors-can-code"}, 201, true, 403},
		{"said to be on", []string{"--editors-can-code=yes"}, 201, true, 403},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := withRoot(t, t.TempDir(), tc.flags...)
			by := func(name, method, path, body string, want int) string {
				t.Helper()
				status, text := s.by("Authorization", "Bearer "+s.signIn(name, "secure-password"), method, path, body)
				if status != want {
					t.Fatalf("%s: %s %s: %d, want %d: %s", name, method, path, status, want, text)
				}
				return text
			}
			for _, role := range []string{"editor", "viewer"} {
				by("root", "POST", "/api/auth/users", `{"username":"`+role+`","password":"secure-password","role":"`+role+`"}`, 201)
			}
			by("editor", "POST", "/api/pipelines", pipeline, tc.status)
			by("viewer", "POST", "/api/pipelines", pipeline, 403)
			if text := by("editor", "GET", "/api/auth/me/permissions", "", 200); strings.Contains(text, "pipelines.code") != tc.may {
				t.Errorf("an editor may %s", text)
			}
			if text := by("viewer", "GET", "/api/auth/me/permissions", "", 200); strings.Contains(text, "pipelines.code") {
				t.Errorf("a viewer may %s", text)
			}
			key := s.keyLike(by("editor", "GET", "/api/auth/me/permissions", "", 200), by)
			body := `{"username":"second","password":"secure-password","role":"editor"}`
			if status, text := s.by("X-API-Key", key, "POST", "/api/auth/users", body); status != tc.made {
				t.Errorf("making an editor without the permission: %d, want %d: %s", status, tc.made, text)
			}
		})
	}
}

// keyLike returns the key of a service that manages accounts and may do what is
// listed, but write no programs.
func (s *server) keyLike(permissions string, by func(name, method, path, body string, want int) string) string {
	s.t.Helper()
	permissions = strings.NewReplacer(`"self",`, "", `,"pipelines.code"`, "").Replace(strings.TrimSpace(permissions))
	text := by("root", "POST", "/api/services", `{"service_name":"accounts","permissions":["settings.manage_users",`+permissions[1:]+`}`, 201)
	var made struct {
		Token string `json:"token"`
	}
	must(s.t, json.Unmarshal([]byte(text), &made))
	return made.Token
}
