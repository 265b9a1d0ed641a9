package dynamocache_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lambda-cache/lambdacache"
	"github.com/lambda-cache/lambdacache/cachetest"
	"github.com/lambda-cache/lambdacache/dynamocache"
	"github.com/lambda-cache/lambdacache/internal/subject"
)

func clientOf(fake *cachetest.AWS) *dynamodb.Client {
	return dynamodb.NewFromConfig(subject.Config(fake.URL(), "AKIDOFITSOWN", "any"))
}

// The same key with two clients are two items, perhaps of two accounts.
func TestTwoClientsNeverMix(t *testing.T) {
	l := newLab(t)
	other := cachetest.NewAWS(t, cachetest.NoEnv())
	l.table("t")
	l.put("t", "a", "of one")
	other.Dynamo.CreateTable("t", "pk")
	other.Dynamo.Put("t", map[string]any{"pk": "a", "v": "of the other"})
	mine := clientOf(other)
	byDefault, byMine := item("t", "a"), item("t", "a", dynamocache.Client(mine))
	byMineToo := item("t", "a", dynamocache.Client(mine), lambdacache.Name("too"))
	for round := range 3 {
		l.prefetch(byMineToo, byDefault, byMine)
		want(t, "default client", get(t, byDefault).V, "of one")
		want(t, "a client", get(t, byMine).V, "of the other")
		want(t, "the same client", get(t, byMineToo).V, "of the other")
		want(t, "calls", l.Calls(""), round+1)
		want(t, "calls of one client", other.Calls(""), round+1)
		l.due()
	}
	want(t, "credentials", other.Requests()[0].AccessKey, "AKIDOFITSOWN")
}

// script is a hand-written client that notes what it is asked.
type script struct {
	mu      sync.Mutex
	single  []*dynamodb.GetItemInput
	batched []*dynamodb.BatchGetItemInput
	answer  func(*dynamodb.BatchGetItemInput) (*dynamodb.BatchGetItemOutput, error)
}

func (s *script) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.single = append(s.single, in)
	return &dynamodb.GetItemOutput{Item: in.Key}, nil
}

func (s *script) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batched = append(s.batched, in)
	return s.answer(in)
}

func TestReadsAreConsistentWhereAskedFor(t *testing.T) {
	cachetest.Reset(t)
	for _, consistent := range []bool{false, true} {
		s := &script{answer: func(in *dynamodb.BatchGetItemInput) (*dynamodb.BatchGetItemOutput, error) {
			return &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]types.AttributeValue{"t": in.RequestItems["t"].Keys}}, nil
		}}
		opts := []lambdacache.Option{dynamocache.Client(s)}
		if consistent {
			opts = append(opts, dynamocache.Consistent())
		}
		a, b := item("t", "a", opts...), item("t", "b", opts...)
		if err := lambdacache.Prefetch(t.Context(), a, b); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, "GetItem", aws.ToBool(s.single[0].ConsistentRead), consistent)
		want(t, "BatchGetItem", aws.ToBool(s.batched[0].RequestItems["t"].ConsistentRead), consistent)
	}
}

// The order of an answer is nobody's, numbers come back in another form, and what has not
// the key is not the item.
func TestAnswersInAnyOrder(t *testing.T) {
	cachetest.Reset(t)
	answer := func(n, v string) map[string]types.AttributeValue {
		return map[string]types.AttributeValue{"id": &types.AttributeValueMemberN{Value: n}, "V": text(v)}
	}
	s := &script{answer: func(*dynamodb.BatchGetItemInput) (*dynamodb.BatchGetItemOutput, error) {
		return &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]types.AttributeValue{
			"u": {answer("1E+2", "u hundred")}, "t": {{"V": text("of no key")}, {"id": text("100"), "V": text("of a text")}, answer("1.00E2", "hundred"), answer("3", "not asked for"), answer("0.50", "half")},
		}}, nil
	}}
	declare := func(table string, id any) *lambdacache.Entry[value] {
		return dynamocache.Item[value](table, dynamocache.Key("id", id), dynamocache.Client(s))
	}
	half, hundred, other := declare("t", 0.5), declare("t", 100), declare("u", 100)
	if err := lambdacache.Prefetch(t.Context(), half, hundred, other); err != nil {
		t.Fatal(err)
	}
	want(t, "half", get(t, half).V, "half")
	want(t, "hundred", get(t, hundred).V, "hundred")
	want(t, "of the other table", get(t, other).V, "u hundred")

	s.answer = func(*dynamodb.BatchGetItemInput) (*dynamodb.BatchGetItemOutput, error) {
		return nil, errors.New("the line is dead")
	}
	lambdacache.Invalidate(half, hundred)
	err := lambdacache.Prefetch(t.Context(), half, hundred)
	wantError(t, err, `load "0.5" from dynamodb t?id=0.5: the line is dead`)
	want(t, "calls", len(s.batched), 2)
}

// An answer that says nothing of a table does not say that its items are missing: each is
// asked for alone.
func TestAnAnswerWithoutATable(t *testing.T) {
	cachetest.Reset(t)
	const arn = "arn:aws:dynamodb:eu-west-1:222222222222:table/t"
	for _, answer := range []dynamodb.BatchGetItemOutput{
		{},
		{Responses: map[string][]map[string]types.AttributeValue{"another": {{"pk": text("a"), "V": text("another's")}}}},
		{Responses: map[string][]map[string]types.AttributeValue{"t": nil}}, // the name in place of the ARN
	} {
		s := &script{answer: func(*dynamodb.BatchGetItemInput) (*dynamodb.BatchGetItemOutput, error) { return &answer, nil }}
		a, b := item(arn, "a", dynamocache.Client(s)), item(arn, "b", dynamocache.Client(s))
		if err := lambdacache.Prefetch(t.Context(), a, b); err != nil {
			t.Fatal(err)
		}
		want(t, "batches", len(s.batched), 1)
		want(t, "asked for alone", len(s.single), 2)
	}
}

func TestUnusableClients(t *testing.T) {
	const nothing = "lambdacache: dynamocache.Client was given nil: give it a client, or leave the option out for the default one"
	wantPanic(t, nothing, func() { dynamocache.Client(nil) })
	wantPanic(t, nothing, func() { dynamocache.Client((*dynamodb.Client)(nil)) })
}

func TestConfigurationFails(t *testing.T) {
	l := newLab(t)
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	l.table("t")
	l.put("t", "a", "x")
	a, b := item("t", "a"), item("t", "b")
	fails(t, a, "no AWS Region")
	err := lambdacache.Prefetch(t.Context(), a, b)
	wantError(t, err, "2 entries could not be loaded", "no AWS Region")
	t.Setenv("AWS_REGION", cachetest.Region)
	want(t, "value", get(t, a).V, "x")
}
