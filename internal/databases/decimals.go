package databases

import (
	"fmt"
	"strings"
)

// MostDigits is how many digits a decimal of the engine's database has at most.
const MostDigits = 38

// DecimalType returns the type of decimals of which nothing is known but their texts.
// It is VARCHAR when one of them is no number or has too many digits, and empty when
// all are null; valid is as in a batch.
func DecimalType(texts []string, valid []bool) string {
	before, behind, some := 1, 0, false
	for i, text := range texts {
		if valid != nil && !valid[i] {
			continue
		}
		some = true
		text = strings.TrimPrefix(text, "-")
		if text == "" || text[0] > '9' { // NaN and Infinity
			return "VARCHAR"
		}
		whole, fraction, _ := strings.Cut(text, ".")
		before, behind = max(before, len(whole)), max(behind, len(fraction))
	}
	switch {
	case !some:
		return ""
	case before+behind > MostDigits:
		return "VARCHAR"
	case before+behind <= 18:
		return fmt.Sprintf("DECIMAL(18,%d)", behind)
	}
	return fmt.Sprintf("DECIMAL(%d,%d)", MostDigits, behind)
}
