package mesoshttp

import "time"

// Bounds of Backoff.
const (
	backoffFirst = 250 * time.Millisecond
	backoffMax   = 15 * time.Second
)

// Backoff gives the pauses before the attempts to subscribe again: up to 250 ms, then up to twice as much each time, at
// most 15 s. Each pause is a random part, between one half and all, of its bound, so that frameworks do not return
// to a new master in step. The zero value without Random always takes the whole bound.
type Backoff struct {
	// Random returns a number in [0, 1).
	Random func() float64

	bound time.Duration
}

// Next returns the next pause.
func (b *Backoff) Next() time.Duration {
	b.bound = min(max(2*b.bound, backoffFirst), backoffMax)
	if b.Random == nil {
		return b.bound
	}
	half := b.bound / 2
	return half + time.Duration(b.Random()*float64(half))
}

// Reset begins anew with short pauses. Call it when a subscription has worked.
func (b *Backoff) Reset() { b.bound = 0 }
