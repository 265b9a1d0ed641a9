package cachetest

import (
	"strings"
	"time"
)

type createSecretInput struct {
	Name               string
	ClientRequestToken string
	secretValue
}

func (in createSecretInput) keys() []string { return []string{in.Name} }

func (s *Secrets) createSecret(in createSecretInput) (any, *apiError) {
	if in.Name == "" || strings.HasPrefix(in.Name, "arn:") || strings.ContainsAny(in.Name, " :") {
		return nil, invalid("Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.find(in.Name); x != nil {
		if !x.deleted.IsZero() {
			return nil, badRequest("InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion.")
		}
		return nil, badRequest("ResourceExistsException", "The operation failed because the secret "+in.Name+" already exists.")
	}
	if err := in.check(true); err != nil {
		return nil, err
	}
	x := s.create(in.Name)
	out := map[string]any{"ARN": x.arn, "Name": x.name}
	if in.given() {
		out["VersionId"] = s.add(x, token(in.ClientRequestToken), in.secretValue, nil).id
	}
	return out, nil
}

// given reports whether there is a value.
func (v secretValue) given() bool { return v.SecretString != nil || len(v.SecretBinary) > 0 }

// check refuses what cannot be a value.
func (v secretValue) check(mayBeAbsent bool) *apiError {
	switch {
	case v.SecretString != nil && len(v.SecretBinary) > 0, !mayBeAbsent && !v.given():
		return badRequest("InvalidParameterException", "You must provide either SecretString or SecretBinary.")
	case v.SecretString != nil && len(*v.SecretString) > 65536, len(v.SecretBinary) > 65536:
		return invalid("The secret's value is larger than 65536 bytes.")
	}
	return nil
}

// token is the id of the version that a request makes: the request may choose it.
func token(chosen string) string {
	if chosen == "" {
		return newUUID()
	}
	return chosen
}

type putSecretValueInput struct {
	SecretID           string `json:"SecretId"`
	ClientRequestToken string
	VersionStages      []string
	secretValue
}

func (in putSecretValueInput) keys() []string { return []string{in.SecretID} }

func (s *Secrets) putSecretValue(in putSecretValueInput) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.writable(in.SecretID)
	if err != nil {
		return nil, err
	}
	if err := in.check(false); err != nil {
		return nil, err
	}
	v := x.version(in.ClientRequestToken)
	switch {
	case v == nil:
		v = s.add(x, token(in.ClientRequestToken), in.secretValue, in.VersionStages)
	case !v.value.same(in.secretValue): // the same again is a retry
		return nil, badRequest("ResourceExistsException", "You can't use ClientRequestToken "+in.ClientRequestToken+" because that value is already in use for a version of secret "+x.arn+".")
	}
	return map[string]any{"ARN": x.arn, "Name": x.name, "VersionId": v.id, "VersionStages": v.stages}, nil
}

// writable returns a secret that is there and not deleted. s.mu is held.
func (s *Secrets) writable(id string) (*secret, *apiError) {
	x := s.find(id)
	if x == nil {
		return nil, noSecret()
	}
	if !x.deleted.IsZero() {
		return nil, badRequest("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
	}
	return x, nil
}

type updateSecretVersionStageInput struct {
	SecretID            string `json:"SecretId"`
	VersionStage        string
	MoveToVersionID     string `json:"MoveToVersionId"`
	RemoveFromVersionID string `json:"RemoveFromVersionId"`
}

func (in updateSecretVersionStageInput) keys() []string { return []string{in.SecretID} }

func (s *Secrets) updateSecretVersionStage(in updateSecretVersionStageInput) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.writable(in.SecretID)
	if err != nil {
		return nil, err
	}
	var to *secretVersion
	if in.MoveToVersionID != "" {
		if to, err = x.selected(in.MoveToVersionID, ""); err != nil {
			return nil, err
		}
	}
	from := x.staged(in.VersionStage)
	switch {
	case from != nil && from != to && from.id != in.RemoveFromVersionID:
		return nil, badRequest("InvalidParameterException", "The parameter RemoveFromVersionId can't be empty. Staging label "+in.VersionStage+" is currently attached to version "+from.id+", so you must explicitly reference that version in RemoveFromVersionId.")
	case to != nil:
		x.move(in.VersionStage, to)
	case in.VersionStage == stageCurrent:
		return nil, badRequest("InvalidParameterException", "You can't remove the staging label AWSCURRENT without moving it to another version.")
	case from != nil:
		from.drop(in.VersionStage)
	}
	return map[string]any{"ARN": x.arn, "Name": x.name}, nil
}

type deleteSecretInput struct {
	SecretID                   string `json:"SecretId"`
	ForceDeleteWithoutRecovery bool
	RecoveryWindowInDays       *int
}

func (in deleteSecretInput) keys() []string { return []string{in.SecretID} }

func (s *Secrets) deleteSecret(in deleteSecretInput) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, err := s.writable(in.SecretID)
	if err != nil {
		return nil, err
	}
	if in.ForceDeleteWithoutRecovery && in.RecoveryWindowInDays != nil {
		return nil, badRequest("InvalidParameterException", "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	}
	days := 30
	if in.RecoveryWindowInDays != nil {
		days = *in.RecoveryWindowInDays
	}
	x.deleted = time.Now()
	due := x.deleted.AddDate(0, 0, days)
	if in.ForceDeleteWithoutRecovery {
		due = x.deleted
		s.remove(x)
	}
	return map[string]any{"ARN": x.arn, "Name": x.name, "DeletionDate": epoch(due)}, nil
}

type restoreSecretInput struct {
	SecretID string `json:"SecretId"`
}

func (in restoreSecretInput) keys() []string { return []string{in.SecretID} }

func (s *Secrets) restoreSecret(in restoreSecretInput) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.find(in.SecretID)
	if x == nil {
		return nil, noSecret()
	}
	x.deleted = time.Time{}
	return map[string]any{"ARN": x.arn, "Name": x.name}, nil
}
