package cachetest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func TestGetParametersByPath(t *testing.T) {
	t.Parallel()
	fake := start(t)
	for i := range 12 {
		fake.SSM.Put(fmt.Sprintf("/app/p%02d", i), "v")
	}
	fake.SSM.Put("/app/deep/er", "v")
	fake.SSM.Put("/apple", "v")
	c := ssmClient(t, fake)
	pages := func(recursive bool) (sizes []int, names []string) {
		p := ssm.NewGetParametersByPathPaginator(c, &ssm.GetParametersByPathInput{Path: aws.String("/app"), Recursive: &recursive})
		for p.HasMorePages() {
			out, err := p.NextPage(t.Context())
			noError(t, err)
			sizes = append(sizes, len(out.Parameters))
			for _, p := range out.Parameters {
				names = append(names, *p.Name)
			}
		}
		return sizes, names
	}
	sizes, names := pages(false)
	want(t, "pages", fmt.Sprint(sizes), "[10 2]")
	want(t, "first and last", names[0]+" "+names[11], "/app/p00 /app/p11")
	sizes, names = pages(true)
	want(t, "pages, recursive", fmt.Sprint(sizes), "[10 3]")
	want(t, "first, recursive", names[0], "/app/deep/er")
	fake.SSM.PageSize(5)
	sizes, _ = pages(false)
	want(t, "short pages", fmt.Sprint(sizes), "[5 5 2]")
	fake.SSM.PageSize(0)
	sizes, _ = pages(false)
	want(t, "an empty page first", fmt.Sprint(sizes), "[0 10 2]")

	_, err := c.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("app")})
	wantCode(t, err, "ValidationException")
	_, err = c.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/app"), NextToken: aws.String("what")})
	wantCode(t, err, "InvalidNextToken")
	_, err = c.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/app"), MaxResults: aws.Int32(11)})
	wantCode(t, err, "ValidationException")
	fake.Deny("ssm:GetParametersByPath", "/app")
	_, err = c.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/app")})
	wantCode(t, err, "AccessDeniedException")
}

// A denial is of the path as the request writes it; those of single parameters count
// for nothing.
func TestDeniedByPath(t *testing.T) {
	t.Parallel()
	fake := start(t)
	fake.SSM.PutSecure("/app/a", "v")
	c := ssmClient(t, fake)
	read := func(path string) error {
		_, err := c.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: &path, WithDecryption: aws.Bool(true)})
		return err
	}
	for _, action := range []string{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"} {
		fake.Deny(action, "/app/a")
		fake.Deny(action, "/app/*")
	}
	noError(t, read("/app"))
	fake.Deny("ssm:GetParametersByPath", "/app")
	err := read("/app")
	wantCode(t, err, "AccessDeniedException")
	if text := "ssm:GetParametersByPath on resource: " + "arn:aws:ssm:us-east-1:123456789012:parameter/app because"; !strings.Contains(err.Error(), text) {
		t.Errorf("%q is not in %v", text, err)
	}
	fake.Allow("ssm:GetParametersByPath", "")
	noError(t, read("/app"))
	fake.Deny("kms:Decrypt", "/app/a")
	wantCode(t, read("/app"), "AccessDeniedException")
}

// Filters see what a page would have held without them, so that pages are short or
// empty and still not the last.
func TestFiltersOfPaths(t *testing.T) {
	t.Parallel()
	fake := start(t)
	for i := range 25 {
		name := fmt.Sprintf("/app/p%02d", i)
		fake.SSM.PutList(name, "v1")
		fake.SSM.PutSecure(name, "v2")
		if i < 2 || i == 24 {
			fake.SSM.Label(name, 1, "prod", "one")
		}
	}
	fake.SSM.Label("/app/p24", 2, "two")
	c := ssmClient(t, fake)
	filter := func(key, option string, values ...string) types.ParameterStringFilter {
		f := types.ParameterStringFilter{Key: &key, Values: values}
		if option != "" {
			f.Option = &option
		}
		return f
	}
	pages := func(filters ...types.ParameterStringFilter) string {
		var found []string
		p := ssm.NewGetParametersByPathPaginator(c, &ssm.GetParametersByPathInput{Path: aws.String("/app"), ParameterFilters: filters})
		for p.HasMorePages() {
			out, err := p.NextPage(t.Context())
			noError(t, err)
			var page []string
			for _, p := range out.Parameters {
				page = append(page, fmt.Sprintf("%s:%d", (*p.Name)[len("/app/"):], p.Version))
			}
			found = append(found, strings.Join(page, " "))
		}
		return strings.Join(found, ", ")
	}
	want(t, "a label", pages(filter("Label", "Equals", "prod")), "p00:1 p01:1, , p24:1")
	want(t, "one of two labels", pages(filter("Label", "", "two", "none")), ", , p24:2")
	want(t, "a label nobody has", pages(filter("Label", "", "none")), ", , ")
	want(t, "a type", strings.Count(pages(filter("Type", "Equals", "SecureString")), ":2"), 25)
	want(t, "the type of another version", pages(filter("Type", "", "StringList")), ", , ")
	want(t, "a label and the type of its version", pages(filter("Label", "", "prod"), filter("Type", "", "StringList")), "p00:1 p01:1, , p24:1")
	for code, f := range map[string]types.ParameterStringFilter{
		"InvalidFilterKey": filter("Name", "", "x"), "InvalidFilterOption": filter("Label", "BeginsWith", "x"), "InvalidFilterValue": filter("Label", "Equals"),
	} {
		_, err := c.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/app"), ParameterFilters: []types.ParameterStringFilter{f}})
		wantCode(t, err, code)
	}
}

// A parameter that was removed and put back has version 1 again, and another date.
func TestDatesOfParametersDiffer(t *testing.T) {
	t.Parallel()
	fake := start(t)
	c := ssmClient(t, fake)
	seen := make(map[string]bool)
	for range 20 {
		fake.SSM.Put("/app/a", "v")
		out, err := c.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/app/a")})
		noError(t, err)
		seen[fmt.Sprint(out.Parameter.Version, out.Parameter.LastModifiedDate.UnixMilli())] = true
		fake.SSM.Delete("/app/a")
	}
	want(t, "dates of 20 parameters", len(seen), 20)
}
