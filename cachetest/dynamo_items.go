package cachetest

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/lambda-cache/lambdacache/internal/dynamokey"
)

// scalar is an attribute of a type that a key can have, and whatever else it is.
type scalar struct {
	S, N *string
	B    *[]byte
}

// attributeOf reads an attribute that may be one of a key.
func attributeOf(name string, raw json.RawMessage) (dynamokey.Attribute, bool) {
	var v scalar
	a := dynamokey.Attribute{Name: name}
	if json.Unmarshal(raw, &v) != nil {
		return a, false
	}
	switch {
	case v.S != nil:
		a.Kind, a.Value = dynamokey.String, *v.S
	case v.N != nil:
		number, ok := dynamokey.Canonical(*v.N)
		if !ok {
			return a, false
		}
		a.Kind, a.Value = dynamokey.Number, number
	case v.B != nil:
		a.Kind, a.Value = dynamokey.Binary, string(*v.B)
	}
	return a, a.Value != ""
}

// keyText is a key as the log has it, whether the table has such keys or not.
func keyText(table string, key dynamoItem) string {
	var attributes []dynamokey.Attribute
	for name, raw := range key {
		if a, ok := attributeOf(name, raw); ok {
			attributes = append(attributes, a)
		}
	}
	return dynamokey.Of(table, attributes...).String()
}

var errKeySchema = invalid("The provided key element does not match the schema")

// keyOf is the key of an item, by which the table knows it.
func (t *dynamoTable) keyOf(item dynamoItem) (string, *apiError) {
	var attributes []dynamokey.Attribute
	for _, k := range t.key {
		a, ok := attributeOf(k.name, item[k.name])
		switch {
		case a.Kind != "" && a.Kind != k.kind:
			return "", errKeySchema
		case item[k.name] == nil:
			return "", invalid("One or more parameter values were invalid: Missing the key " + k.name + " in the item")
		case !ok:
			return "", invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty value. Key: " + k.name)
		}
		attributes = append(attributes, a)
	}
	return dynamokey.Of(t.name, attributes...).String(), nil
}

// exactKey is the key that a request names: no attribute more.
func (t *dynamoTable) exactKey(key dynamoItem) (string, *apiError) {
	text, err := t.keyOf(key)
	if len(key) != len(t.key) || err != nil && len(key) == 0 {
		return "", errKeySchema
	}
	return text, err
}

// table finds a table. d.mu is held.
func (d *Dynamo) table(asked string) (*dynamoTable, *apiError) {
	if t := d.tables[d.storedTable(asked)]; t != nil {
		return t, nil
	}
	return nil, badRequest("ResourceNotFoundException", "Requested resource not found")
}

// store puts an item in place of one with its key.
func (d *Dynamo) store(table string, item dynamoItem) *apiError {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, err := d.table(table)
	if err != nil {
		return err
	}
	key, err := t.keyOf(item)
	if err != nil {
		return err
	}
	t.items[key] = &item
	for _, name := range slices.Sorted(maps.Keys(item)) {
		if !slices.ContainsFunc(t.key, func(k keyAttribute) bool { return k.name == name }) { // keys are told in errors
			d.hold(key+"#"+name, item[name])
		}
	}
	return nil
}

// hold notes the value of an attribute for [AWS.ShownIn].
func (d *Dynamo) hold(owner string, raw json.RawMessage) {
	value := []byte(raw)
	var v scalar
	switch _ = json.Unmarshal(raw, &v); { // of another type
	case v.S != nil:
		value = []byte(*v.S)
	case v.N != nil:
		value = []byte(*v.N)
	case v.B != nil:
		value = *v.B
	}
	d.aws.held().hold("dynamodb "+owner, value)
}
