package cachetest

import (
	"bytes"
	"slices"
	"time"
)

// add makes a version with stages, AWSCURRENT if there are none.
func (s *Secrets) add(x *secret, id string, value secretValue, stages []string) *secretVersion {
	v := &secretVersion{id: id, value: value, created: time.Now()}
	x.versions = append(x.versions, v)
	if s.aws.held().hold("secretsmanager "+x.name, value.SecretBinary); value.SecretString != nil {
		s.aws.held().hold("secretsmanager "+x.name, []byte(*value.SecretString))
	}
	x.changed = v.created
	if len(stages) == 0 {
		stages = []string{stageCurrent}
	}
	for _, stage := range stages {
		x.move(stage, v)
	}
	return v
}

// move attaches a stage to v, and takes it from the version that has it. The
// version that loses AWSCURRENT gets AWSPREVIOUS.
func (x *secret) move(stage string, v *secretVersion) {
	before := x.staged(stage)
	if before == v {
		return
	}
	if before != nil {
		before.drop(stage)
	}
	v.stages = append(v.stages, stage)
	if stage == stageCurrent && before != nil {
		x.move(stagePrevious, before)
	}
}

func (v *secretVersion) drop(stage string) {
	v.stages = slices.DeleteFunc(slices.Clone(v.stages), func(s string) bool { return s == stage })
}

func (x *secret) version(id string) *secretVersion {
	return x.first(func(v *secretVersion) bool { return v.id == id })
}

func (x *secret) staged(stage string) *secretVersion {
	return x.first(func(v *secretVersion) bool { return slices.Contains(v.stages, stage) })
}

func (x *secret) first(ok func(*secretVersion) bool) *secretVersion {
	i := slices.IndexFunc(x.versions, ok)
	if i < 0 {
		return nil
	}
	return x.versions[i]
}

// selected is the version that an id, a stage or both ask for.
func (x *secret) selected(id, stage string) (*secretVersion, *apiError) {
	if id != "" {
		v := x.version(id)
		if v == nil {
			return nil, badRequest("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: "+id)
		}
		if stage != "" && !slices.Contains(v.stages, stage) {
			return nil, badRequest("InvalidRequestException", "You provided a VersionStage that is not associated to the provided VersionId.")
		}
		return v, nil
	}
	if stage == "" {
		stage = stageCurrent
	}
	v := x.staged(stage)
	if v == nil {
		return nil, badRequest("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: "+stage)
	}
	return v, nil
}

// same reports whether two values are alike.
func (v secretValue) same(o secretValue) bool {
	if (v.SecretString == nil) != (o.SecretString == nil) {
		return false
	}
	if v.SecretString != nil {
		return *v.SecretString == *o.SecretString
	}
	return bytes.Equal(v.SecretBinary, o.SecretBinary)
}
