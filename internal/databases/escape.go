package databases

// Escaped appends text as bulk loads take it whose values are lines of columns with tabs
// between them: what would end either, and the backslash, is a backslash and a letter. NUL
// is one as well where nul says that the database knows it, else it is left to be refused.
func Escaped(to []byte, text string, nul bool) []byte {
	from := 0
	for i := range len(text) {
		var letter byte
		switch c := text[i]; {
		case c == '\\':
			letter = '\\'
		case c == '\n':
			letter = 'n'
		case c == '\r':
			letter = 'r'
		case c == '\t':
			letter = 't'
		case c == 0 && nul:
			letter = '0'
		default:
			continue
		}
		to = append(append(to, text[from:i]...), '\\', letter)
		from = i + 1
	}
	return append(to, text[from:]...)
}
