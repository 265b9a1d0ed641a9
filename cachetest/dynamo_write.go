package cachetest

import "github.com/lambda-cache/lambdacache/internal/dynamokey"

type putItemInput struct {
	itemInput
	expressions
}

func (in putItemInput) keys() []string { return []string{in.TableName} }

func (d *Dynamo) putItem(in putItemInput) (any, *apiError) {
	if err := in.check(); err != nil {
		return nil, err
	}
	return struct{}{}, d.store(in.TableName, in.Item)
}

type deleteItemInput struct {
	itemInput
	expressions
}

func (in deleteItemInput) keys() []string { return []string{keyText(in.TableName, in.Key)} }

func (d *Dynamo) deleteItem(in deleteItemInput) (any, *apiError) {
	if err := in.check(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	t, err := d.table(in.TableName)
	if err != nil {
		return nil, err
	}
	key, err := t.exactKey(in.Key)
	if err != nil {
		return nil, err
	}
	delete(t.items, key)
	return struct{}{}, nil
}

type (
	keySchemaElement    struct{ AttributeName, KeyType string }
	attributeDefinition struct {
		AttributeName string
		AttributeType dynamokey.Kind
	}
	createTableInput struct {
		TableName            string
		KeySchema            []keySchemaElement
		AttributeDefinitions []attributeDefinition
	}
	describeTableInput struct{ TableName string }
)

func (in createTableInput) keys() []string   { return []string{in.TableName} }
func (in describeTableInput) keys() []string { return []string{in.TableName} }

func (d *Dynamo) createTable(in createTableInput) (any, *apiError) {
	made := &dynamoTable{name: d.storedTable(in.TableName)}
	kinds := make(map[string]dynamokey.Kind)
	for _, a := range in.AttributeDefinitions {
		kinds[a.AttributeName] = a.AttributeType
	}
	for i, k := range in.KeySchema {
		if want := []string{"HASH", "RANGE"}; i >= len(want) || k.KeyType != want[i] || kinds[k.AttributeName] == "" {
			return nil, invalid("One or more parameter values were invalid: the key schema is HASH, or HASH and RANGE, of defined attributes")
		}
		made.key = append(made.key, keyAttribute{k.AttributeName, kinds[k.AttributeName]})
	}
	if made.name == "" || len(made.key) == 0 {
		return nil, invalid("One or more parameter values were invalid: a table has a name and a key")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.create(made); err != nil {
		return nil, err
	}
	return map[string]any{"TableDescription": d.description(made)}, nil
}

func (d *Dynamo) describeTable(in describeTableInput) (any, *apiError) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, err := d.table(in.TableName)
	if err != nil {
		return nil, err
	}
	return map[string]any{"Table": d.description(t)}, nil
}

// description is what the service tells of a table, or as much of it as the fake knows.
func (d *Dynamo) description(t *dynamoTable) map[string]any {
	var schema []keySchemaElement
	var definitions []attributeDefinition
	for i, k := range t.key {
		schema = append(schema, keySchemaElement{k.name, []string{"HASH", "RANGE"}[i]})
		definitions = append(definitions, attributeDefinition{k.name, k.kind})
	}
	return map[string]any{
		"TableName": t.name, "TableArn": d.tableARN(t.name), "TableStatus": "ACTIVE", "ItemCount": len(t.items),
		"KeySchema": schema, "AttributeDefinitions": definitions,
	}
}
