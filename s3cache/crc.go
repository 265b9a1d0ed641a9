package s3cache

// polynomial is that of a cyclic redundancy check whose bits are reversed, as those of
// S3 are, and whose value begins and ends inverted.
type polynomial struct {
	reversed uint64
	width    uint // in bits
}

// What hash/crc32 and hash/crc64 call them, and the one that S3 computes when the
// writer of an object brought none.
var (
	ieee       = polynomial{0xedb88320, 32}
	castagnoli = polynomial{0x82f63b78, 32}
	nvme       = polynomial{0x9a6c9329ac4bc9b5, 64}
)

// join is the check of two pieces, one after the other, of which the second has length
// bytes. Each piece may be summed up where it came in, before those ahead of it.
//
// To append n bytes is to multiply by x to the power of 8n; see crc32_combine of zlib.
func (p polynomial) join(first, second uint64, length int64) uint64 {
	return p.times(p.power(8*uint64(length)), first) ^ second
}

// power is x to the power of n, by squares.
func (p polynomial) power(n uint64) uint64 {
	result, square := uint64(1)<<(p.width-1), uint64(1)<<(p.width-2) // x⁰, x¹: the highest bit is the lowest power
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			result = p.times(square, result)
		}
		square = p.times(square, square)
	}
	return result
}

// times is the product of a and b, modulo p.
func (p polynomial) times(a, b uint64) (product uint64) {
	for bit := uint64(1) << (p.width - 1); bit > 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		carry := b & 1
		b >>= 1
		if carry == 1 {
			b ^= p.reversed
		}
	}
	return product
}
