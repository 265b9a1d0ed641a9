package cachetest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/lambda-cache/lambdacache/internal/dynamokey"
)

// Dynamo is the fake's DynamoDB. Its methods are what a test arranges; clients reach
// it through GetItem, BatchGetItem, PutItem, DeleteItem, CreateTable and
// DescribeTable. They panic on what the service would refuse, since that is a mistake
// in the test.
//
// Keys are written as dynamocache writes them, in [AWS.Deny], in faults and in
// [AWS.Requests]: "tenants?pk=tenant#1&sk=7". Reads are always consistent, and
// expressions are refused.
type Dynamo struct {
	aws        *AWS
	place      place
	elsewhere  elsewhere[Dynamo]
	operations map[string]jsonOperation

	mu     sync.Mutex
	tables map[string]*dynamoTable // by name
	most   int                     // keys that one BatchGetItem processes
}

// dynamoTable is a table with its items.
type dynamoTable struct {
	name  string
	key   []keyAttribute         // the partition key, and the sort key if there is one
	items map[string]*dynamoItem // behind a pointer, or printing a table would show them
}

// keyAttribute is an attribute of a table's key schema.
type keyAttribute struct {
	name string
	kind dynamokey.Kind
}

// dynamoItem is an item as the protocol writes it: {"pk": {"S": "tenant#1"}}.
type dynamoItem map[string]json.RawMessage

const maxBatchKeys = 100

func newDynamo(a *AWS, where place) *Dynamo {
	d := &Dynamo{aws: a, place: where, tables: make(map[string]*dynamoTable), most: maxBatchKeys}
	d.operations = map[string]jsonOperation{
		"GetItem":       jsonOp(d.getItem),
		"BatchGetItem":  jsonOp(d.batchGetItem),
		"PutItem":       jsonOp(d.putItem),
		"DeleteItem":    jsonOp(d.deleteItem),
		"CreateTable":   jsonOp(d.createTable),
		"DescribeTable": jsonOp(d.describeTable),
	}
	return d
}

// In is the DynamoDB of another account or Region, for requests that are signed for it:
// by a role of that account ([AWS.STS]), for that Region. Each has tables of its own.
func (d *Dynamo) In(account, region string) *Dynamo { return d.aws.Dynamo.at(place{account, region}) }

// at finds the service of a place; d is the one at home.
func (d *Dynamo) at(p place) *Dynamo {
	if p == d.place {
		return d
	}
	return d.elsewhere.at(p, func() *Dynamo { return newDynamo(d.aws, p) })
}

func (d *Dynamo) read(operation string, body []byte) *call {
	c := readJSON("dynamodb", operation, d.operations, body)
	for _, key := range c.keys {
		table, _, _ := strings.Cut(key, "?")
		c.names = append(c.names, d.storedTable(table))
		c.resources = append(c.resources, d.tableARN(table))
	}
	return c
}

// ownTables is how the ARNs of the tables here begin.
func (d *Dynamo) ownTables() string {
	return "arn:aws:dynamodb:" + d.place.region + ":" + d.place.account + ":table/"
}

// storedTable is the name of a table that may be asked for by its ARN.
func (d *Dynamo) storedTable(asked string) string { return strings.TrimPrefix(asked, d.ownTables()) }

func (d *Dynamo) tableARN(asked string) string {
	if strings.HasPrefix(asked, "arn:") {
		return asked
	}
	return d.ownTables() + asked
}

// CreateTable makes an empty table with a partition key and, if there are two names, a
// sort key. A key is a string unless its name ends with ":N", a number, or ":B", binary.
//
//	aws.Dynamo.CreateTable("tenants", "pk", "sk:N")
func (d *Dynamo) CreateTable(table string, key ...string) {
	if len(key) != 1 && len(key) != 2 {
		panic("cachetest: create table " + table + ": a key has one or two attributes")
	}
	made := &dynamoTable{name: table}
	for _, k := range key {
		name, kind, given := strings.Cut(k, ":")
		if !given {
			kind = string(dynamokey.String)
		}
		if name == "" || !strings.Contains("SNB", kind) || len(kind) != 1 {
			panic(fmt.Sprintf("cachetest: create table %s: %q is no attribute of a key: write name, name:N or name:B", table, k))
		}
		made.key = append(made.key, keyAttribute{name, dynamokey.Kind(kind)})
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.create(made); err != nil {
		panic("cachetest: create table " + table + ": " + err.message)
	}
}

// create adds a table. d.mu is held.
func (d *Dynamo) create(t *dynamoTable) *apiError {
	if d.tables[t.name] != nil {
		return badRequest("ResourceInUseException", "Table already exists: "+t.name)
	}
	t.items = make(map[string]*dynamoItem)
	d.tables[t.name] = t
	return nil
}

// DeleteTable removes a table with its items. A table that is not there is no mistake.
func (d *Dynamo) DeleteTable(table string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.tables, table)
}

// Put stores an item in place of the one with the same key. Attributes are strings,
// numbers of any type, bools, []byte, nil for null, slices for lists, and maps with
// string keys; for a set use a client's PutItem.
func (d *Dynamo) Put(table string, item map[string]any) {
	made := make(dynamoItem, len(item))
	for name, v := range item {
		raw, err := json.Marshal(wireValue(reflect.ValueOf(v)))
		if err != nil {
			panic(fmt.Sprintf("cachetest: put an item into %s: attribute %q: %v", table, name, err))
		}
		made[name] = raw
	}
	if err := d.store(table, made); err != nil {
		panic("cachetest: put an item into " + table + ": " + err.message)
	}
}

// Delete removes the item with the attributes of a key. One that is not there is no
// mistake.
func (d *Dynamo) Delete(table string, key map[string]any) {
	made := make(dynamoItem, len(key))
	for name, v := range key {
		made[name], _ = json.Marshal(wireValue(reflect.ValueOf(v))) // what cannot be a key is refused below
	}
	if _, err := d.deleteItem(deleteItemInput{itemInput: itemInput{TableName: table, Key: made}}); err != nil {
		panic("cachetest: delete an item of " + table + ": " + err.message)
	}
}

// ProcessAtMost makes BatchGetItem answer at most n of the keys it is asked for and
// give the others back as UnprocessedKeys, as the service does when it is busy or the
// answer grows too large; the default is 100, which is all. With n = 0 it is throttled,
// as where not a single key can be processed.
func (d *Dynamo) ProcessAtMost(n int) {
	if n < 0 || n > maxBatchKeys {
		panic("cachetest: a BatchGetItem processes 0 to 100 keys")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.most = n
}

// wireValue is a Go value as the protocol writes it.
func wireValue(v reflect.Value) map[string]any {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch k := v.Kind(); {
	case !v.IsValid():
		return map[string]any{"NULL": true}
	case k == reflect.String:
		return map[string]any{"S": v.String()}
	case k == reflect.Bool:
		return map[string]any{"BOOL": v.Bool()}
	case v.CanInt():
		return map[string]any{"N": strconv.FormatInt(v.Int(), 10)}
	case v.CanUint():
		return map[string]any{"N": strconv.FormatUint(v.Uint(), 10)}
	case v.CanFloat():
		return map[string]any{"N": strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits())}
	case k == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return map[string]any{"B": base64.StdEncoding.EncodeToString(v.Bytes())}
	case k == reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = wireValue(v.Index(i))
		}
		return map[string]any{"L": list}
	case k == reflect.Map && v.Type().Key().Kind() == reflect.String:
		fields := make(map[string]any, v.Len())
		for name, e := range v.Seq2() {
			fields[name.String()] = wireValue(e)
		}
		return map[string]any{"M": fields}
	}
	panic(fmt.Sprintf("cachetest: a %v cannot be an attribute of an item", v.Type()))
}
