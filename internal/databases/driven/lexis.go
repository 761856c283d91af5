package driven

import "iter"

// Reads refuses a text that is not one statement that reads.
func (l Lexis) Reads(text string) error { return l.reads(text) }

// Statements gives the statements of a text, each with the word that it begins with in
// capitals. One that makes a routine goes on to the end of the text.
func (l Lexis) Statements(text string) iter.Seq2[string, string] { return l.statements(text) }
