package errorsdoc_test

import (
	"testing"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
)

// tenant is what an item of these cases becomes.
type tenant struct {
	V     string
	Limit int
	Pin   *lambdacache.Redacted[string] // a pointer, because what prints as redacted is no part of a value
}

func item(table string, opts ...lambdacache.Option) func() probe {
	return func() probe {
		return probing(func(o ...lambdacache.Option) *lambdacache.Entry[tenant] {
			return dynamocache.Item[tenant](table, dynamocache.Key("pk", "tenant#1"), append(o, lambdacache.Name("tenant"))...)
		}, opts...)
	}
}

// putsItem makes the table anew, with the item.
func putsItem(table string, attributes map[string]any) func(*cachetest.AWS) {
	return func(aws *cachetest.AWS) {
		attributes["pk"] = "tenant#1"
		aws.Dynamo.DeleteTable(table)
		aws.Dynamo.CreateTable(table, "pk")
		aws.Dynamo.Put(table, attributes)
	}
}

func items() []loading {
	good := map[string]any{"V": goodValue}
	return []loading{
		{
			heading: "An item that does not exist",
			declare: item("missing"),
			good:    putsItem("missing", good),
			bad:     func(aws *cachetest.AWS) { aws.Dynamo.Delete("missing", map[string]any{"pk": "tenant#1"}) },
		},
		{
			heading: "A table that does not exist",
			declare: item("nowhere"),
			good:    putsItem("nowhere", good),
			bad:     func(aws *cachetest.AWS) { aws.Dynamo.DeleteTable("nowhere") },
			code:    "ResourceNotFoundException",
		},
		{
			heading: "A key that is not as the table's schema says",
			declare: item("schema"),
			good:    putsItem("schema", good),
			bad: func(aws *cachetest.AWS) {
				aws.Dynamo.DeleteTable("schema")
				aws.Dynamo.CreateTable("schema", "pk:N")
			},
			code: "ValidationException",
		},
		{
			heading: "An attribute of another type",
			declare: item("attribute"),
			good:    putsItem("attribute", good),
			bad:     putsItem("attribute", map[string]any{"V": goodValue, "Limit": badValue}),
			values:  []string{badValue},
		},
		{
			heading: "A map where a text is wanted",
			declare: item("textual"),
			good:    putsItem("textual", good),
			bad:     putsItem("textual", map[string]any{"V": goodValue, "Pin": map[string]any{"n": badValue}}),
			values:  []string{badValue},
		},
		{
			heading: "An item that may not be read",
			declare: item("denied"),
			good:    putsItem("denied", good),
			bad:     func(aws *cachetest.AWS) { aws.Deny("dynamodb:GetItem", "denied") },
			code:    "AccessDeniedException",
		},
		{
			heading: "A table that is busy",
			declare: item("busy"),
			good:    putsItem("busy", good),
			bad:     fails(cachetest.Throttle()),
			code:    "ProvisionedThroughputExceededException",
		},
	}
}

func noBatchOfItems(t *testing.T, aws *cachetest.AWS, clock *cachetest.Clock) {
	aws.Dynamo.CreateTable("batch", "pk")
	aws.Dynamo.Put("batch", map[string]any{"pk": "a", "V": goodValue})
	aws.Dynamo.Put("batch", map[string]any{"pk": "b", "V": goodValue})
	aws.Deny("dynamodb:BatchGetItem", "")
	a := dynamocache.Item[tenant]("batch", dynamocache.Key("pk", "a"))
	b := dynamocache.Item[tenant]("batch", dynamocache.Key("pk", "b"))
	prefetchTwice(t, clock, a, b)
	if n := aws.Calls("GetItem"); n != 4 {
		t.Errorf("%d single calls for 2 items, twice", n)
	}
}
