package fault

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// DidYouMean returns ` (did you mean "x"?)` for the word among known that is
// nearest to word, or "" when none is near: at most two letters or a third of
// them wrong, upper and lower case being the same.
func DidYouMean(word string, known []string) string {
	best, nearest := max(2, len([]rune(word))/3)+1, ""
	for _, k := range known {
		if len(k) <= 2 || len(word) <= 2 {
			continue // two letters are no evidence
		}
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
