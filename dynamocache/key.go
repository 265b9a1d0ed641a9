package dynamocache

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lambda-cache/lambdacache/internal/dynamokey"
)

// PrimaryKey is the key of one item. Make one with [Key].
type PrimaryKey struct {
	attributes []dynamokey.Attribute // in the order they were written
}

// Key is the primary key of an item: the name and the value of its partition key, and
// where the table has one those of its sort key.
//
//	dynamocache.Key("pk", "tenant#1")
//	dynamocache.Key("pk", "tenant#1", "sk", 7)
//
// A value is a string, a number or a []byte, as the table's key schema says: the string
// "7" and the number 7 are not the same key. A number may be of any type of Go's, a
// json.Number, or an attributevalue.Number for one of up to 38 digits.
//
// It panics on what no key can be: a value of another type, an empty one, a number that
// DynamoDB cannot hold, a name without a value.
func Key(partitionKey string, value any, sortKey ...any) PrimaryKey {
	refuse := func(name any, err error) {
		panic(fmt.Sprintf(keyPanic+"attribute %q: %v", fmt.Sprint(name), err))
	}
	pairs := append([]any{partitionKey, value}, sortKey...)
	if len(pairs) != 2 && len(pairs) != 4 {
		refuse(partitionKey, errors.New(`a key has one or two attributes, each a name and a value: write dynamocache.Key("pk", "tenant#1", "sk", 7)`))
	}
	var k PrimaryKey
	for i := 0; i < len(pairs); i += 2 {
		name, isName := pairs[i].(string)
		a, err := attribute(name, pairs[i+1])
		switch {
		case i > 0 && len(a.Value) > maxSortValue:
			err = errors.New("the value has more than 1024 bytes, which that of a sort key cannot have")
		case !isName:
			err = errors.New("the name of an attribute is a string")
		case len(k.attributes) > 0 && k.attributes[0].Name == name:
			err = errors.New("the partition key and the sort key have different names")
		}
		if err != nil {
			refuse(pairs[i], err)
		}
		k.attributes = append(k.attributes, a)
	}
	return k
}

// keyPanic is what Key's panics begin with.
const keyPanic = "lambdacache: dynamocache.Key: "

const (
	maxName      = 255  // bytes
	maxValue     = 2048 // likewise, of a partition key …
	maxSortValue = 1024 // … and of a sort key
)

func attribute(name string, value any) (dynamokey.Attribute, error) {
	a := dynamokey.Attribute{Name: name}
	if name == "" || len(name) > maxName || !utf8.ValidString(name) {
		return a, errors.New("the name of an attribute has 1 to 255 bytes of UTF-8")
	}
	var err error
	if a.Kind, a.Value, err = keyValue(value); err != nil {
		return a, err
	}
	switch {
	case a.Value == "":
		return a, errors.New("the value is empty, which that of a key cannot be")
	case len(a.Value) > maxValue:
		return a, errors.New("the value has more than 2048 bytes, which that of a key cannot have")
	case a.Kind == dynamokey.String && !utf8.ValidString(a.Value):
		return a, errors.New("the value is not UTF-8: write []byte(value) if the attribute is binary")
	}
	return a, nil
}

func keyValue(value any) (dynamokey.Kind, string, error) {
	switch n := value.(type) {
	case attributevalue.Number:
		return number(string(n))
	case json.Number:
		return number(string(n))
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.String:
		return dynamokey.String, v.String(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return number(strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return number(strconv.FormatUint(v.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			break
		}
		return number(strconv.FormatFloat(v.Float(), 'e', -1, v.Type().Bits()))
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return dynamokey.Binary, string(v.Bytes()), nil
		}
	}
	return "", "", fmt.Errorf("a value of type %T cannot be that of a key: write a string, a number or a []byte", value)
}

func number(s string) (dynamokey.Kind, string, error) {
	canonical, ok := dynamokey.Canonical(s)
	if !ok {
		return "", "", errors.New("not a number of DynamoDB: it has up to 38 digits and is less than 1E+126")
	}
	return dynamokey.Number, canonical, nil
}

// name is the default name of an entry: the values of the key.
func (k PrimaryKey) name() string {
	parts := make([]string, len(k.attributes))
	for i, a := range k.attributes {
		if parts[i] = a.Value; a.Kind == dynamokey.Binary {
			parts[i] = a.Text()
		}
	}
	return strings.Join(parts, "/")
}

// key is what selects what is read.
type key struct {
	dynamokey.Key
	consistent bool
}

func keyOf(table string, primary PrimaryKey) dynamokey.Key {
	return dynamokey.Of(table, primary.attributes...)
}

// consistentFlag ends the text of a key that is read consistently. No attribute's text
// ends so: one has an equals sign.
const consistentFlag = "&consistent"

// String is the key as errors show it: "tenants?pk=tenant#1&sk=7".
func (k key) String() string {
	text := k.Key.String()
	if k.consistent {
		text += consistentFlag
	}
	return text
}

// parseKey reads what String wrote.
func parseKey(s string) key {
	text, consistent := strings.CutSuffix(s, consistentFlag)
	parsed, _ := dynamokey.Parse(text) // our own
	return key{parsed, consistent}
}

// checkTable says what is wrong with the name of a table, nil for nothing.
func checkTable(table string) error {
	name := table
	if strings.HasPrefix(table, "arn:") {
		parts := strings.SplitN(table, ":", 6)
		isTable := false
		if len(parts) == 6 && parts[2] == "dynamodb" {
			name, isTable = strings.CutPrefix(parts[5], "table/")
		}
		if !isTable || strings.ContainsFunc(strings.Join(parts[:5], ""), foreign) {
			return errors.New("the ARN is not a table's: write arn:aws:dynamodb:REGION:ACCOUNT:table/NAME")
		}
	}
	switch {
	case name == "":
		return errors.New("the name is empty: write the table's name or ARN")
	case len(name) > maxName || strings.ContainsFunc(name, foreign):
		return errors.New("the name of a table has up to 255 letters, digits and the characters . - _ only")
	}
	return nil
}

// foreign reports a character that the service allows in no name of a table.
func foreign(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
}

// resource is what IAM calls the table.
func (k key) resource() string {
	if strings.HasPrefix(k.Table, "arn:") {
		return k.Table
	}
	return "arn:aws:dynamodb:*:*:table/" + k.Table
}

// values are the key's attributes as the service wants them.
func (k key) values() map[string]types.AttributeValue {
	values := make(map[string]types.AttributeValue, len(k.Attributes))
	for _, a := range k.Attributes {
		switch a.Kind {
		case dynamokey.Number:
			values[a.Name] = &types.AttributeValueMemberN{Value: a.Value}
		case dynamokey.Binary:
			values[a.Name] = &types.AttributeValueMemberB{Value: []byte(a.Value)}
		default:
			values[a.Name] = &types.AttributeValueMemberS{Value: a.Value}
		}
	}
	return values
}

// is reports whether an item is the one with the key. Numbers come back in whatever
// way the service writes them.
func (k key) is(item map[string]types.AttributeValue) bool {
	return !slices.ContainsFunc(k.Attributes, func(a dynamokey.Attribute) bool {
		switch v := item[a.Name].(type) {
		case *types.AttributeValueMemberS:
			return a.Kind != dynamokey.String || v.Value != a.Value
		case *types.AttributeValueMemberB:
			return a.Kind != dynamokey.Binary || string(v.Value) != a.Value
		case *types.AttributeValueMemberN:
			n, _ := dynamokey.Canonical(v.Value)
			return a.Kind != dynamokey.Number || n != a.Value
		}
		return true
	})
}
