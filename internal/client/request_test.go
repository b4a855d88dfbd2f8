package client

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Nothing that could change which API is called gets into a path.
func TestPathArguments(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"", ".", "..", "...", "a/b", "a%2Fb", "a?b", "a#b", "a b", "a\nb", "a;b", "a\\b", "é", "\xff", "../projects", "a:b", "a@b", "a=b&c",
	} {
		for name, call := range map[string]caller{
			"order": func(ctx context.Context, c *Client) (any, error) {
				return c.ScriptOrder(ctx, Order{Target: testOrder.Target, ExecuteUUID: value})
			},
			"order statistics": func(ctx context.Context, c *Client) (any, error) {
				return c.ScriptOrderStatistics(ctx, Order{Target: testOrder.Target, ExecuteUUID: value})
			},
			"batch": func(ctx context.Context, c *Client) (any, error) {
				return c.ScriptOrderBatch(ctx, Batch{Order: Order{Target: testOrder.Target, ExecuteUUID: value}, BatchIndex: 1, Limit: 50})
			},
			"DataArts, project": func(ctx context.Context, c *Client) (any, error) {
				return c.JobStatistics(ctx, WorkspaceJobs{Target: Target{Region: testRegion, ProjectID: value}})
			},
			"FDI, project": func(ctx context.Context, c *Client) (any, error) {
				return c.FDITaskStatistics(ctx, FDIInstance{Target: Target{Region: testRegion, ProjectID: value}, InstanceID: "id"})
			},
			"failed jobs, project": func(ctx context.Context, c *Client) (any, error) {
				asked := testJobs
				asked.ProjectID = value
				return c.FailedJobInstances(ctx, asked)
			},
			"job runs, project": func(ctx context.Context, c *Client) (any, error) {
				asked := testRuns
				asked.ProjectID = value
				return c.JobRuns(ctx, asked)
			},
			"job runs, project of the job's name": func(ctx context.Context, c *Client) (any, error) {
				asked := testRuns
				asked.ProjectID, asked.JobName = value+"é", value+"é/"
				return c.JobRuns(ctx, asked)
			},
			"abnormal tasks, project": func(ctx context.Context, c *Client) (any, error) {
				return c.AbnormalTasks(ctx, FDIInstance{Target: Target{Region: testRegion, ProjectID: value}, InstanceID: "id"}, 0)
			},
			"abnormal tasks, instance": func(ctx context.Context, c *Client) (any, error) {
				return c.AbnormalTasks(ctx, FDIInstance{Target: testOrder.Target, InstanceID: value}, 0)
			},
			"FDI, instance": func(ctx context.Context, c *Client) (any, error) {
				return c.FDITaskStatistics(ctx, FDIInstance{Target: testOrder.Target, InstanceID: value})
			},
		} {
			t.Run(fmt.Sprintf("%s %q", name, value), func(t *testing.T) {
				t.Parallel()
				service := answering(says(http.StatusOK, `{}`))
				_, err := call(t.Context(), newClient(t, service))
				if err == nil || !strings.Contains(err.Error(), "cannot be a part of a path") {
					t.Errorf("error %v", err)
				} else {
					checkHarmless(t, err.Error())
				}
				if len(service.sent()) != 0 {
					t.Errorf("sent %s", service.sent()[0].URL)
				}
			})
		}
	}
}
