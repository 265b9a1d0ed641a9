package leaks

import (
	"maps"
	"slices"
	"strings"
)

// forms are texts to look for, all in one go.
type forms struct {
	begin  *[1 << 16 / 64]uint64 // hashes of the first bytes that any has
	byHead map[[least]byte][]form
}

type form struct{ of, name, text string }

// add adds a form, unless it is too short to mean anything.
func (f *forms) add(one form) {
	if len(one.text) < least {
		return
	}
	if f.begin == nil {
		*f = forms{new([1 << 16 / 64]uint64), make(map[[least]byte][]form)}
	}
	head := [least]byte([]byte(one.text))
	f.byHead[head] = append(f.byHead[head], one)
	h := hash(head)
	f.begin[h/64] |= 1 << (h % 64)
}

func (f forms) and(other forms) (all forms) {
	for _, list := range slices.Concat(slices.Collect(maps.Values(f.byHead)), slices.Collect(maps.Values(other.byHead))) {
		for _, one := range list {
			all.add(one)
		}
	}
	return all
}

// in gives the first form that text has and where it is, nil for none. The race detector, which would take
// most of the time, has nothing to find here.
//
//go:norace
func (f forms) in(text string) (at int, found *form) {
	if f.begin == nil || len(text) < least {
		return 0, nil
	}
	for i := range len(text) - least + 1 {
		head := [least]byte{text[i], text[i+1], text[i+2], text[i+3]}
		if h := hash(head); f.begin[h/64]&(1<<(h%64)) == 0 {
			continue
		}
		for n := range f.byHead[head] {
			if strings.HasPrefix(text[i:], f.byHead[head][n].text) {
				return i, &f.byHead[head][n]
			}
		}
	}
	return 0, nil
}

//go:norace
func hash(b [least]byte) uint16 {
	n := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
	return uint16(n * 0x9E3779B1 >> 16)
}
