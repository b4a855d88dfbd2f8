package client

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"golang.org/x/sync/semaphore"
)

// projectEntry caches the id of a project, or the refusal to look it up. The lock allows a canceled reader to stop waiting.
type projectEntry struct {
	turn    *semaphore.Weighted
	id      string
	refusal error
}

// ProjectError is a failed look-up of the project of a region.
type ProjectError struct {
	// Region and Name describe the project, Host the IAM that was asked.
	Region, Name, Host string
	// Found is how many projects have the name. It is valid only if Err is nil.
	Found int
	// Err is the error of the request; may be nil.
	Err error
}

func (e *ProjectError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("looking up the id of project %q of region %q: %s", e.Name, e.Region, e.Err)
	}
	return fmt.Sprintf("looking up the id of project %q of region %q at %s: %d projects have that name, wanted one",
		e.Name, e.Region, e.Host, e.Found)
}

func (e *ProjectError) Unwrap() error { return e.Err }

// lookUpProject returns the id of the project of a region. Its name is the configured one in the provider's own region, else the region's.
func (c *Client) lookUpProject(ctx context.Context, region string) (string, error) {
	name := region
	if c.isOwnRegion(region) {
		if c.cfg.ProjectName.Err != nil {
			return "", c.cfg.ProjectName.Err
		}
		if c.cfg.ProjectName.Value != "" {
			name = c.cfg.ProjectName.Value
		}
	}
	value, _ := c.projects.LoadOrStore(region, &projectEntry{turn: semaphore.NewWeighted(1)})
	entry, _ := value.(*projectEntry)
	if entry.turn.Acquire(ctx, 1) != nil {
		return "", fmt.Errorf("waiting for the look-up of project %q: %w", name, Interruption(ctx))
	}
	defer entry.turn.Release(1)
	if entry.id != "" || entry.refusal != nil {
		return entry.id, entry.refusal
	}
	found, err := c.projectsNamed(ctx, region, name)
	if err != nil {
		err = &ProjectError{Region: region, Name: name, Err: err}
		if isDeclined(err) {
			entry.refusal = err
		}
		return "", err
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

// maxProjectIDLength bounds the length of an id, which is used in paths, headers and messages. Real ids have 32 characters.
const maxProjectIDLength = 64

// projectsNamed returns the ids of the projects with a name. A caller who may not list all projects, or gets none of
// them, may still list those it can use.
//
// API: GET /v3/projects, https://support.huaweicloud.com/intl/en-us/api-iam/iam_06_0001.html, and
// GET /v3/auth/projects, https://support.huaweicloud.com/intl/en-us/api-iam/iam_06_0003.html
func (c *Client) projectsNamed(ctx context.Context, region, name string) ([]string, error) {
	// Answers may include projects with other names.
	read := func(answer fields) []string {
		if answer.member("projects") == nil {
			answer.missing("projects")
		}
		ids := list(answer.need(), "projects", func(project fields) string {
			if deref(project.text("name")) != name {
				return ""
			}
			id := deref(project.need().text("id"))
			if len(id) > maxProjectIDLength || (id != "" && !pathSegment.MatchString(id)) {
				project.malformed("the id of the project cannot be one")
			}
			return id
		})
		return slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	}
	all := call{service: IAM, target: Target{Region: region}, path: []string{"v3", "projects"}, query: url.Values{"name": {name}}}
	own := call{service: IAM, target: Target{Region: region}, path: []string{"v3", "auth", "projects"}}
	found, err := get(ctx, c, all, read)
	if IsForbidden(err) || (err == nil && len(found) == 0) {
		if usable, ownErr := get(ctx, c, own, read); ownErr == nil {
			return usable, nil
		}
	}
	return found, err
}
