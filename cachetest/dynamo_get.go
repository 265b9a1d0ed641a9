package cachetest

import (
	"maps"
	"slices"
)

// itemInput is what the operations on one item have in common.
type itemInput struct {
	TableName string
	Key       dynamoItem
	Item      dynamoItem
}

// expressions are what the fake does not know.
type expressions struct {
	ProjectionExpression, ConditionExpression string
	AttributesToGet                           []string
	Expected                                  map[string]any
}

func (e expressions) check() *apiError {
	if e.ProjectionExpression+e.ConditionExpression != "" || len(e.AttributesToGet)+len(e.Expected) > 0 {
		return unknownOperation("with an expression")
	}
	return nil
}

type getItemInput struct {
	itemInput
	expressions
}

func (in getItemInput) keys() []string { return []string{keyText(in.TableName, in.Key)} }

func (d *Dynamo) getItem(in getItemInput) (any, *apiError) {
	if err := in.check(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	item, err := d.find(in.TableName, in.Key)
	if err != nil || item == nil {
		return struct{}{}, err
	}
	return map[string]any{"Item": item}, nil
}

// find gives the item with a key, nil if there is none. d.mu is held.
func (d *Dynamo) find(table string, key dynamoItem) (dynamoItem, *apiError) {
	t, err := d.table(table)
	if err != nil {
		return nil, err
	}
	text, err := t.exactKey(key)
	if err != nil {
		return nil, err
	}
	if found := t.items[text]; found != nil {
		return *found, nil
	}
	return nil, nil
}

type keysAndAttributes struct {
	Keys           []dynamoItem
	ConsistentRead bool `json:",omitempty"`
	expressions
}

type batchGetItemInput struct {
	RequestItems map[string]keysAndAttributes
}

// each gives every key, in an order that is nobody's.
func (in batchGetItemInput) each(yield func(table string, key dynamoItem) bool) {
	for _, table := range slices.Sorted(maps.Keys(in.RequestItems)) {
		for _, key := range slices.Backward(in.RequestItems[table].Keys) {
			if !yield(table, key) {
				return
			}
		}
	}
}

func (in batchGetItemInput) keys() (keys []string) {
	for table, key := range in.each {
		keys = append(keys, keyText(table, key))
	}
	return keys
}

func (in batchGetItemInput) check() *apiError {
	keys := in.keys()
	switch slices.Sort(keys); {
	case len(keys) == 0:
		return invalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case len(keys) > maxBatchKeys:
		return invalid("Too many items requested for the BatchGetItem call")
	case len(slices.Compact(slices.Clone(keys))) < len(keys):
		return invalid("Provided list of item keys contains duplicates")
	}
	for _, of := range in.RequestItems {
		if err := of.check(); err != nil {
			return err
		}
	}
	return nil
}

func (d *Dynamo) batchGetItem(in batchGetItemInput) (any, *apiError) {
	if err := in.check(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.most == 0 {
		return nil, throughputExceeded()
	}
	processed := 0
	found, left := make(map[string][]dynamoItem), make(map[string]keysAndAttributes)
	for table, key := range in.each {
		item, err := d.find(table, key)
		if err != nil {
			return nil, err
		}
		if found[table] == nil {
			found[table] = []dynamoItem{}
		}
		if processed++; processed > d.most {
			of := left[table]
			of.ConsistentRead = in.RequestItems[table].ConsistentRead
			of.Keys = append(of.Keys, key)
			left[table] = of
		} else if item != nil {
			found[table] = append(found[table], item)
		}
	}
	return map[string]any{"Responses": found, "UnprocessedKeys": left}, nil
}

func throughputExceeded() *apiError {
	return badRequest("ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the table was exceeded. "+
		"Consider increasing your provisioning level with the UpdateTable API.")
}
