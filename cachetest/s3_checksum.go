package cachetest

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"
)

// checksum is one of S3's, over the whole object.
type checksum struct {
	algorithm string // as in the header: "crc32"
	value     string
}

// defaultChecksum is what S3 computes when the writer brought none.
const defaultChecksum = "crc64nvme"

// The polynomial of CRC-64/NVME, its bits reversed as hash/crc64 wants them.
const nvme = 0x9a6c9329ac4bc9b5

var checksums = map[string]func() hash.Hash{
	"crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(nvme)) },
	"sha1":      sha1.New,
	"sha256":    sha256.New,
	"sha512":    sha512.New,
}

func newChecksum(algorithm string, body []byte) checksum {
	h := checksums[algorithm]()
	h.Write(body)
	return checksum{algorithm, base64.StdEncoding.EncodeToString(h.Sum(nil))}
}

// checksumOf is the algorithm that a writing request names, or brings a value of.
func checksumOf(r *http.Request) string {
	named := []string{
		r.Header.Get("X-Amz-Sdk-Checksum-Algorithm"),
		strings.TrimPrefix(r.Header.Get("X-Amz-Trailer"), "x-amz-checksum-"),
	}
	for algorithm := range checksums {
		if r.Header.Get("X-Amz-Checksum-"+algorithm) != "" {
			return algorithm
		}
	}
	for _, n := range named {
		if n = strings.ToLower(n); checksums[n] != nil {
			return n
		}
	}
	return defaultChecksum
}

func (c checksum) write(h http.Header) {
	h.Set("X-Amz-Checksum-"+c.algorithm, c.value)
	h.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
}
