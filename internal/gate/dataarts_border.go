package gate

import (
	"fmt"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// crossesNoDay tells of the way out of every doubt of a dayWatch.
const crossesNoDay = "; to wait across midnight for one job, set job_name and since, which know no midnight"

// dayWatch notices in a wait that the counts have started again, as they do at midnight, so that they lack what was seen before.
type dayWatch struct {
	// hasBaseline reports that the counts are compared with those of a day.
	hasBaseline bool

	// unsettled is when the first look was sent that has to be seen again on the same day; zero if none.
	unsettled time.Time
	// total is the largest sum of known counts, and ended the last known count of each state that lasts.
	total int64
	ended map[string]int64
}

// lastingStates do not change unless a person acts, so that their counts only grow within a day.
var lastingStates = []string{"fail", "success", "manual_stop", "force_success", "ignore_success"}

// observe compares a look with the earlier ones. It returns why they cannot be compared, or an empty string.
func (d *dayWatch) observe(sent, answered time.Time, statistics *client.JobStatistics, good bool) (doubt string) {
	known := map[string]int64{}
	for _, state := range jobStateCounts(statistics) {
		if state.count != nil && *state.count >= 0 {
			known[state.name] = *state.count
		}
	}
	total, fits := sumJobCounts(known)
	complete := fits && len(known) == len(JobStates())
	switch {
	case !d.unsettled.IsZero() && dayOf(d.unsettled) != dayOf(answered):
		doubt = "midnight (UTC+8) came in this wait, so the day of the counts has changed, and they lack what was seen before it"
	case complete && total < d.total:
		doubt = fmt.Sprintf(
			"an earlier read of this wait counted %d instances, and now there are only %d: the day of the counts has changed", d.total, total)
	default:
		for _, state := range lastingStates {
			if now, ok := known[state]; ok && now < d.ended[state] {
				doubt = fmt.Sprintf("the count of %s has fallen from %d to %d in this wait: the day of the counts has changed, or an instance "+
					"was run again", state, d.ended[state], now)
				break
			}
		}
	}
	if d.unsettled.IsZero() && (d.hasBaseline || !good) {
		d.unsettled = sent
	}
	if fits {
		d.total = max(d.total, total)
	}
	if d.ended == nil {
		d.ended = map[string]int64{}
	}
	for _, state := range lastingStates {
		d.ended[state] = max(d.ended[state], known[state])
	}
	if doubt != "" {
		doubt += crossesNoDay
	}
	return doubt
}

// dayOf is the date in the time zone of DataArts Factory.
func dayOf(at time.Time) string { return at.In(client.DataArtsZone).Format(time.DateOnly) }
