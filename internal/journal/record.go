package journal

import (
	"encoding/binary"
	"hash/crc32"
)

// recordVersion is the first byte of every stored value. A reader that meets another one refuses it.
const recordVersion = 1

// headerSize is the version byte and the checksum before the payload.
const headerSize = 1 + 4

// castagnoli is CRC-32C, which processors compute in hardware. It is never changed.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal puts version and checksum before payload. The checksum covers the key too, so that a value that is found
// under another key is as bad as one with a flipped bit.
func seal(key, payload []byte) []byte {
	sealed := make([]byte, headerSize, headerSize+len(payload))
	sealed[0] = recordVersion
	binary.BigEndian.PutUint32(sealed[1:], checksum(key, payload))
	return append(sealed, payload...)
}

// unseal returns a copy of the payload, or the reason why it cannot be trusted.
func unseal(key, sealed []byte) (payload []byte, damage string) {
	switch {
	case len(sealed) < headerSize:
		return nil, "it is shorter than its header"
	case sealed[0] != recordVersion:
		return nil, "its format version is unknown"
	case binary.BigEndian.Uint32(sealed[1:]) != checksum(key, sealed[headerSize:]):
		return nil, "its checksum does not match"
	}
	return append([]byte{}, sealed[headerSize:]...), ""
}

func checksum(key, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, payload)
}

// seqKey makes keys whose byte order is the order of the numbers.
func seqKey(seq uint64) []byte {
	return binary.BigEndian.AppendUint64(nil, seq)
}
