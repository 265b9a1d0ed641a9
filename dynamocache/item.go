package dynamocache

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// item is what the service gives for one key. Its attributes are behind a function, the
// one thing that fmt prints as an address wherever it stands.
type item struct {
	attributes func() map[string]types.AttributeValue
}

func newItem(attributes map[string]types.AttributeValue) *item {
	return &item{func() map[string]types.AttributeValue { return attributes }}
}

// version is a hash of all attributes that is the same for the same item, in whatever
// order the service names its attributes and the elements of its sets.
func (i *item) version() string {
	h := sha256.New()
	writeMap(h, i.attributes())
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// writeMap and what it calls write each length before what is of that length, so that
// no two items are written alike.
func writeMap(h hash.Hash, attributes map[string]types.AttributeValue) {
	start(h, 'M', len(attributes))
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		writeText(h, 'K', name)
		writeValue(h, attributes[name])
	}
}

func writeValue(h hash.Hash, v types.AttributeValue) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		writeText(h, 'S', v.Value)
	case *types.AttributeValueMemberN:
		writeText(h, 'N', v.Value)
	case *types.AttributeValueMemberB:
		writeText(h, 'B', string(v.Value))
	case *types.AttributeValueMemberBOOL:
		if v.Value {
			start(h, 'T', 0)
		} else {
			start(h, 'F', 0)
		}
	case *types.AttributeValueMemberNULL:
		start(h, '0', 0)
	case *types.AttributeValueMemberM:
		writeMap(h, v.Value)
	case *types.AttributeValueMemberL:
		start(h, 'L', len(v.Value))
		for _, e := range v.Value {
			writeValue(h, e)
		}
	case *types.AttributeValueMemberSS:
		writeSet(h, 's', v.Value)
	case *types.AttributeValueMemberNS:
		writeSet(h, 'n', v.Value)
	case *types.AttributeValueMemberBS:
		texts := make([]string, len(v.Value))
		for i, b := range v.Value {
			texts[i] = string(b)
		}
		writeSet(h, 'b', texts)
	default: // a type that is newer than this SDK
		start(h, '?', 0)
	}
}

func writeSet(h hash.Hash, kind byte, elements []string) {
	start(h, kind, len(elements))
	for _, e := range slices.Sorted(slices.Values(elements)) {
		writeText(h, 'E', e)
	}
}

func writeText(h hash.Hash, kind byte, text string) {
	start(h, kind, len(text))
	h.Write([]byte(text))
}

func start(h hash.Hash, kind byte, length int) {
	h.Write(binary.AppendUvarint([]byte{kind}, uint64(length)))
}

// cloneMap copies attributes with all that is in them.
func cloneMap(attributes map[string]types.AttributeValue) map[string]types.AttributeValue {
	copied := make(map[string]types.AttributeValue, len(attributes))
	for name, v := range attributes {
		copied[name] = clone(v)
	}
	return copied
}

func clone(v types.AttributeValue) types.AttributeValue {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return new(*v)
	case *types.AttributeValueMemberN:
		return new(*v)
	case *types.AttributeValueMemberBOOL:
		return new(*v)
	case *types.AttributeValueMemberNULL:
		return new(*v)
	case *types.AttributeValueMemberB:
		return &types.AttributeValueMemberB{Value: slices.Clone(v.Value)}
	case *types.AttributeValueMemberM:
		return &types.AttributeValueMemberM{Value: cloneMap(v.Value)}
	case *types.AttributeValueMemberSS:
		return &types.AttributeValueMemberSS{Value: slices.Clone(v.Value)}
	case *types.AttributeValueMemberNS:
		return &types.AttributeValueMemberNS{Value: slices.Clone(v.Value)}
	case *types.AttributeValueMemberBS:
		copied := make([][]byte, len(v.Value))
		for i, b := range v.Value {
			copied[i] = slices.Clone(b)
		}
		return &types.AttributeValueMemberBS{Value: copied}
	case *types.AttributeValueMemberL:
		copied := make([]types.AttributeValue, len(v.Value))
		for i, e := range v.Value {
			copied[i] = clone(e)
		}
		return &types.AttributeValueMemberL{Value: copied}
	}
	return v
}
