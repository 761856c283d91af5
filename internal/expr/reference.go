package expr

import (
	_ "embed" // the language in words
	"fmt"
	"strings"
)

//go:embed language.md
var language string

// Reference returns the documentation of the language in Markdown. Its list of
// functions is made from [Functions].
func Reference() string {
	var b strings.Builder
	b.WriteString(language + "\n## Functions\n\n| function | what it yields |\n|---|---|\n")
	for _, f := range Functions() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", f.Signature(), strings.ReplaceAll(f.Doc, "|", `\|`))
	}
	return b.String()
}
