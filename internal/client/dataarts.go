package client

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// WorkspaceJobs names the job instances of DataArts Factory to count.
type WorkspaceJobs struct {
	Target
	// WorkspaceID is sent as the header workspace; empty means the default workspace.
	WorkspaceID string
	// IsOwn counts the caller's own instances only; nil leaves it to the service, which counts everybody's.
	IsOwn *bool
	// QueryDays is the time window; empty leaves it to the service, which takes today.
	QueryDays string
}

// JobStatistics counts job instances by state. Fields are nil when the answer left them out.
type JobStatistics struct {
	FailCount             *int64 `tfsdk:"fail_count" need:"true"`
	ForceSuccessCount     *int64 `tfsdk:"force_success_count" need:"true"`
	FreezeCount           *int64 `tfsdk:"freeze_count" need:"true"`
	IgnoreSuccessCount    *int64 `tfsdk:"ignore_success_count" need:"true"`
	ManualStopCount       *int64 `tfsdk:"manual_stop_count" need:"true"`
	PauseCount            *int64 `tfsdk:"pause_count" need:"true"`
	RunningCount          *int64 `tfsdk:"running_count" need:"true"`
	RunningExceptionCount *int64 `tfsdk:"running_exception_count" need:"true"`
	SkipCount             *int64 `tfsdk:"skip_count" need:"true"`
	SuccessCount          *int64 `tfsdk:"success_count" need:"true"`
	WaitingConfirmCount   *int64 `tfsdk:"waiting_confirm_count" need:"true"`
	WaitingCount          *int64 `tfsdk:"waiting_count" need:"true"`
	// TotalCount is not promised to be the sum of the others.
	TotalCount *int64 `tfsdk:"total_count"`
	// Further are counts that this version does not know and that are not zero, by name without "_count".
	Further map[string]int64 `tfsdk:"-"`
	// Warnings name informational fields of an unexpected type, which are nil.
	Warnings []string `tfsdk:"-"`
}

// JobStatistics counts the job instances of a workspace by state.
//
// API: GET /v2/{project_id}/factory/monitor/task-statistics-overview,
// https://support.huaweicloud.com/api-dataartsstudio/dataartsstudio_02_0206.html
func (c *Client) JobStatistics(ctx context.Context, overview WorkspaceJobs) (*JobStatistics, error) {
	header := http.Header{"X-Project-Id": {overview.ProjectID}}
	if overview.WorkspaceID != "" {
		header.Set("Workspace", overview.WorkspaceID)
	}
	query := url.Values{}
	if overview.IsOwn != nil {
		query.Set("is_own", strconv.FormatBool(*overview.IsOwn))
	}
	if overview.QueryDays != "" {
		query.Set("query_days", overview.QueryDays)
	}
	return get(ctx, c, call{
		service: DataArts, target: overview.Target,
		path:  []string{"v2", overview.ProjectID, "factory", "monitor", "task-statistics-overview"},
		query: query, header: header,
	}, func(answer fields) *JobStatistics {
		if !answer.hasAny("fail_count", "success_count", "running_count", "waiting_count", "total_count") {
			answer.missing("count")
		}
		result := &JobStatistics{Further: furtherCounts(answer.need(), knownMembers[JobStatistics](), "_count")}
		answer.decode(result)
		result.Warnings = answer.found.warnings
		return result
	})
}

// furtherCounts are the members that end like counts, are not among the known ones and not zero, by name without the end. A count of
// a state that is new must not be overlooked.
func furtherCounts(f fields, known []string, end string) map[string]int64 {
	var further map[string]int64
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		if word, ok := strings.CutSuffix(name, end); ok && !slices.Contains(known, name) {
			if count := f.integer(name); count != nil && *count != 0 {
				if further == nil {
					further = map[string]int64{}
				}
				further[text.Plain(word, 64)] += *count
			}
		}
	}
	return further
}
