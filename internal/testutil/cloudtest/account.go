package cloudtest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Account is a scene of IAM, STS and the machine's metadata that grants every request.
type Account struct {
	// Token is the result of a sign-in; %d in it is the number of the sign-in. Unscoped is the result for an identity token.
	Token, Unscoped string
	// AccessKey, SecretKey and SecurityToken are temporary keys.
	AccessKey, SecretKey, SecurityToken string
	// Life is how long tokens and keys are valid. Default: a day.
	Life time.Duration
	// Projects maps names to ids.
	Projects map[string]string

	signIns atomic.Int64
}

func (a *Account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	end := time.Now().Add(cmp.Or(a.Life, 24*time.Hour)).UTC().Format(time.RFC3339)
	switch r.URL.Path {
	case "/v3/auth/tokens":
		w.Header().Set("X-Subject-Token", strings.ReplaceAll(a.Token, "%d", strconv.FormatInt(a.signIns.Add(1), 10)))
		writeJSONStatus(w, http.StatusCreated, object{"token": object{"expires_at": end}})
	case "/v3.0/OS-AUTH/id-token/tokens":
		w.Header().Set("X-Subject-Token", a.Unscoped)
		writeJSONStatus(w, http.StatusCreated, object{})
	case "/v3.0/OS-CREDENTIAL/securitytokens", "/openstack/latest/securitykey":
		writeJSON(w, object{"credential": object{
			"access": a.AccessKey, "secret": a.SecretKey, "securitytoken": a.SecurityToken, "expires_at": end,
		}})
	case "/v5/agencies/assume":
		writeJSON(w, object{"credentials": object{
			"access_key_id": a.AccessKey, "secret_access_key": a.SecretKey, "security_token": a.SecurityToken, "expiration": end,
		}})
	case "/v3/projects", "/v3/auth/projects":
		projects, name := []object{}, r.URL.Query().Get("name")
		for _, known := range slices.Sorted(maps.Keys(a.Projects)) {
			if name == "" || name == known {
				projects = append(projects, object{"id": a.Projects[known], "name": known})
			}
		}
		writeJSON(w, object{"projects": projects})
	default:
		http.NotFound(w, r)
	}
}
