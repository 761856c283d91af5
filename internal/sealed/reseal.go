package sealed

import "context"

// Text is a sealed text and where it is kept.
type Text struct {
	Place
	Sealed string
}

// Texts remembers sealed texts. Package store implements it; every method is one
// transaction.
type Texts interface {
	// SealedOtherwise returns at most limit texts that another key than that of the name has
	// sealed, in the order of their places, behind one place.
	SealedOtherwise(ctx context.Context, key string, after Place, limit int) ([]Text, error)
	// Reseal puts another text in the place of one, unless that has been changed meanwhile.
	Reseal(ctx context.Context, old Text, now string) error
}

// batch is how many texts are read at once.
const batch = 100

// Reseal seals anew what other keys have sealed, and returns how many texts that were, and
// how many it cannot open, which stay. It may be ended at any moment and begun again.
func (b *Box) Reseal(ctx context.Context, texts Texts) (done, closed int, err error) {
	for after := (Place{}); ; {
		some, err := texts.SealedOtherwise(ctx, b.Key(), after, batch)
		if err != nil {
			return done, closed, err
		}
		for _, t := range some {
			after = t.Place
			secret, err := b.Open(t.Place, t.Sealed)
			if err != nil {
				closed++
				continue
			}
			if err := texts.Reseal(ctx, t, b.Seal(t.Place, secret)); err != nil {
				return done, closed, err
			}
			done++
		}
		if len(some) < batch {
			return done, closed, nil
		}
	}
}
