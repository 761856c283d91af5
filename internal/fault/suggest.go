package fault

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// DidYouMean returns ` (did you mean "x"?)` for the word among known that is
// nearest to word, or "" when none is near: at most a third of its letters
// wrong, upper and lower case being the same.
func DidYouMean(word string, known []string) string {
	best, nearest := len([]rune(word))/3+1, ""
	for _, k := range known {
		d := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(k))
		if d < best {
			best, nearest = d, k
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", nearest)
}
