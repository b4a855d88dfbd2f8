package client

import (
	"context"
	"fmt"
	"net/url"
	"sync"

	"golang.org/x/sync/semaphore"
)

// projectCache remembers looked-up projects, so that each is asked for once.
type projectCache struct {
	mu    sync.Mutex
	byKey map[string]*projectEntry
}

// projectEntry is one project. Its turn is a lock that a cancelled reader can stop waiting for.
type projectEntry struct {
	turn *semaphore.Weighted
	id   string
}

func (p *projectCache) entry(key string) *projectEntry {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byKey[key] == nil {
		p.byKey[key] = &projectEntry{turn: semaphore.NewWeighted(1)}
	}
	return p.byKey[key]
}

// ProjectError says that the project of a region could not be settled.
type ProjectError struct {
	// Region and Name say what was looked for, Host where.
	Region, Name, Host string
	// Found is how many projects bear the name; it means something only when Err is nil.
	Found int
	// Err is the failure of the request, if it failed.
	Err error
}

// Error implements error.
func (e *ProjectError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("looking up the id of project %q of region %q: %s", e.Name, e.Region, e.Err)
	}
	return fmt.Sprintf("looking up the id of project %q of region %q at %s: %d projects bear that name, wanted one",
		e.Name, e.Region, e.Host, e.Found)
}

// Unwrap gives the failure of the request.
func (e *ProjectError) Unwrap() error { return e.Err }

// lookUpProject asks IAM for the id of the project of a region: the one of the configured name in the provider's own region, the
// one named after the region elsewhere.
//
// API: GET /v3/projects, https://support.huaweicloud.com/intl/en-us/api-iam/iam_06_0001.html
func (c *Client) lookUpProject(ctx context.Context, region string) (string, error) {
	name := region
	if c.ownRegion(region) {
		if c.cfg.ProjectName.Err != nil {
			return "", c.cfg.ProjectName.Err
		}
		if c.cfg.ProjectName.Value != "" {
			name = c.cfg.ProjectName.Value
		}
	}
	entry := c.projects.entry(region)
	if err := entry.turn.Acquire(ctx, 1); err != nil {
		return "", fmt.Errorf("waiting for the look-up of project %q: %w", name, err)
	}
	defer entry.turn.Release(1)
	if entry.id != "" {
		return entry.id, nil
	}
	ids, _, err := get(ctx, c, call{
		service: IAM, target: Target{Region: region}, path: []string{"v3", "projects"}, query: url.Values{"name": {name}},
	}, func(answer fields) []string {
		if answer.member("projects") == nil {
			answer.missing("projects")
		}
		return list(answer.need(), "projects", func(project fields) string {
			// The service is asked for one name; an answer with others must not be trusted with the choice.
			if deref(project.text("name")) != name {
				return ""
			}
			return deref(project.need().text("id"))
		})
	})
	if err != nil {
		return "", &ProjectError{Region: region, Name: name, Err: err}
	}
	var found []string
	for _, id := range ids {
		if id != "" {
			found = append(found, id)
		}
	}
	if len(found) != 1 {
		host := ""
		if u, err := c.endpoint(IAM, region); err == nil {
			host = u.Host
		}
		return "", &ProjectError{Region: region, Name: name, Host: host, Found: len(found)}
	}
	entry.id = found[0]
	return entry.id, nil
}
