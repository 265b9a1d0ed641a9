package cachetest

import (
	"strings"
	"testing"
)

func TestUnchunk(t *testing.T) {
	for sent, want := range map[string]string{
		"0\r\n\r\n":             "",
		"3\r\nabc\r\n0\r\n\r\n": "abc",
		"3;chunk-signature=0f\r\nabc\r\nA\r\n0123456789\r\n0;chunk-signature=1e\r\n\r\n": "abc0123456789",
		"1\r\na\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n":                           "a",
	} {
		got, ok := unchunk([]byte(sent))
		if !ok || string(got) != want {
			t.Errorf("%q: %q, %v; want %q", sent, got, ok, want)
		}
	}
	for _, sent := range []string{"", "3\r\nab", "3\r\nabc\r\n", "-1\r\na\r\n0\r\n", "x\r\n", "ffffffffffffffff\r\n"} {
		if got, ok := unchunk([]byte(sent)); ok {
			t.Errorf("%q was read as %q", sent, got)
		}
	}
}

func FuzzUnchunk(f *testing.F) {
	f.Add([]byte("3;x\r\nabc\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		if body, ok := unchunk(sent); ok && len(body) > len(sent) {
			t.Errorf("%d bytes from %d", len(body), len(sent))
		}
	})
}

func FuzzParseRange(f *testing.F) {
	for _, s := range []string{"bytes=0-1", "bytes=5-", "bytes=-5", "bytes=-0", "bytes=9-1", "bytes=--1"} {
		f.Add(s, uint16(10))
	}
	f.Fuzz(func(t *testing.T, header string, length uint16) {
		size := int(length)
		first, last, ok := parseRange(header, size)
		if ok && (first < 0 || last >= size || !strings.HasPrefix(header, "bytes=")) {
			t.Errorf("%q of %d: %d-%d", header, size, first, last)
		}
	})
}
