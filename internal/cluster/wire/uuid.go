package wire

import "github.com/google/uuid"

// NewUUID makes the 16 bytes of a random UUID, as status updates carry it.
func NewUUID() []byte {
	id := uuid.New()
	return id[:]
}

// ValidUUID reports whether bytes form a UUID as Mesos checks it: 16 of them,
// the version nibble 1 to 5. Arbitrary random bytes mostly fail.
func ValidUUID(id []byte) bool {
	return len(id) == 16 && id[6]>>4 >= 1 && id[6]>>4 <= 5
}
