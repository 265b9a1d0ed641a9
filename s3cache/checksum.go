package s3cache

import (
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// checksum is what S3 says that an object's bytes come to. The SDK compares it when all
// of an object comes in one answer; when it comes in ranges, we do. The zero checksum
// is that of an object that has none of the whole.
type checksum struct {
	value string // in base64
	hash  func() hash.Hash
	crc   polynomial // the zero one if the hash can only be computed in order
}

// checksumOf reads the answer to a request for a whole object. An object that was
// uploaded in parts may have a checksum of its parts' checksums only: "abc=-3".
func checksumOf(out *s3.GetObjectOutput) checksum {
	if out.ChecksumType == types.ChecksumTypeComposite {
		return checksum{}
	}
	for _, c := range []struct {
		value *string
		hash  func() hash.Hash
		crc   polynomial
	}{
		{out.ChecksumCRC64NVME, func() hash.Hash { return crc64.New(crc64.MakeTable(nvme.reversed)) }, nvme},
		{out.ChecksumCRC32C, func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }, castagnoli},
		{out.ChecksumCRC32, func() hash.Hash { return crc32.NewIEEE() }, ieee},
		{out.ChecksumSHA512, sha512.New, polynomial{}},
		{out.ChecksumSHA256, sha256.New, polynomial{}},
		{out.ChecksumSHA1, sha1.New, polynomial{}},
	} {
		if value := aws.ToString(c.value); value != "" && !strings.Contains(value, "-") {
			return checksum{value, c.hash, c.crc}
		}
	}
	return checksum{}
}

// sums are the checks of what has come of an object, piece by piece in whatever order.
type sums struct {
	of checksum

	mu  sync.Mutex
	all []sum
}

type sum struct {
	from, length int64
	crc          uint64
}

// begin sums up what comes from a byte on, until end is called. It is nil if there is
// nothing to compare the sum with.
func (s *sums) begin() hash.Hash {
	if s.of.crc.width == 0 {
		return nil
	}
	return s.of.hash()
}

// end takes the sum of a piece.
func (s *sums) end(h hash.Hash, from, length int64) {
	if h == nil || length == 0 {
		return
	}
	var crc uint64
	for _, b := range h.Sum(nil) {
		crc = crc<<8 | uint64(b)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, sum{from, length, crc})
}

// add sums up a piece that is there.
func (s *sums) add(from int64, p []byte) {
	if h := s.begin(); h != nil {
		h.Write(p)
		s.end(h, from, int64(len(p)))
	}
}

// match reports whether the pieces are the object. What can be computed in order only
// is computed now, of what has been written.
func (s *sums) match(object io.ReaderAt, length int64) (bool, error) {
	switch {
	case s.of.hash == nil:
		return true, nil
	case s.of.crc.width > 0:
		return base64.StdEncoding.EncodeToString(s.joined()) == s.of.value, nil
	}
	h := s.of.hash()
	_, err := io.CopyBuffer(h, io.NewSectionReader(object, 0, length), make([]byte, chunk))
	return base64.StdEncoding.EncodeToString(h.Sum(nil)) == s.of.value, err
}

// joined is the check of all pieces in their order.
func (s *sums) joined() []byte {
	slices.SortFunc(s.all, func(a, b sum) int { return cmp.Compare(a.from, b.from) })
	var crc uint64
	for _, piece := range s.all {
		crc = s.of.crc.join(crc, piece.crc, piece.length)
	}
	return binary.BigEndian.AppendUint64(nil, crc)[8-s.of.crc.width/8:]
}
