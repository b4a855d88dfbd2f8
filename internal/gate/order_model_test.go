package gate

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

// shown is what COC shows of an order during a time; a nil order or nil statistics cannot be read.
type shown struct {
	lasts      time.Duration
	order      *client.ScriptOrder
	statistics *client.ScriptOrderStatistics
}

func drawShown(t *rapid.T) shown {
	now := shown{lasts: time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second}
	if rapid.IntRange(0, 9).Draw(t, "order") > 0 {
		now.order = &client.ScriptOrder{
			Status:     new(rapid.SampledFrom([]string{"FINISHED", "FINISHED", "FINISHED", "PROCESSING", "PAUSED", "ABNORMAL", "CANCELED", "NEW"}).Draw(t, "status")),
			GmtCreated: rapid.Ptr(rapid.Int64Range(999_000, 1_001_000), true).Draw(t, "created"),
		}
		if share := rapid.SampledFrom([]float64{-1, 0, 0.5, 1, 50, 66.7, 99.9, 100, 101}).Draw(t, "threshold"); share >= 0 {
			withThreshold(now.order, share)
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "statistics") > 0 {
		few := rapid.Int64Range(0, 2)
		counts := []client.InstanceStatistic{row("FINISHED", rapid.Int64Range(0, 3).Draw(t, "finished"), 1), row("ABNORMAL", few.Draw(t, "failed"), 1)}
		if rapid.IntRange(0, 4).Draw(t, "unfinished") == 0 {
			counts = append(counts, row(rapid.SampledFrom([]string{"PROCESSING", "READY", "NEW"}).Draw(t, "word"), few.Draw(t, "more"), 1))
		}
		total := int64(0)
		for _, count := range counts {
			total += *count.InstanceCount
		}
		if rapid.IntRange(0, 6).Draw(t, "total") == 0 {
			total += rapid.Int64Range(-1, 1).Draw(t, "wrong by")
		}
		now.statistics = statistics(total, counts...)
	}
	return now
}

// succeedsNaively is the rule in the words of the user: COC says FINISHED, the order is not too old, and statistics that add up show enough.
func (s shown) succeedsNaively(since int64) bool {
	if s.order == nil || *s.order.Status != "FINISHED" || s.order.GmtCreated == nil || *s.order.GmtCreated < since || s.statistics == nil {
		return false
	}
	var sum, done float64
	for _, row := range s.statistics.ExecuteStatistics {
		sum += float64(*row.InstanceCount)
		switch *row.InstanceStatus {
		case "FINISHED":
			done += float64(*row.InstanceCount)
		case "ABNORMAL":
		default:
			if *row.InstanceCount > 0 {
				return false
			}
		}
	}
	if sum == 0 || sum != float64(*s.statistics.TotalInstance) {
		return false
	}
	wanted := 100.0
	if s.order.Properties != nil {
		if share := *s.order.Properties.ExecuteParam.SuccessRate; share >= 1 && share <= 100 {
			wanted = share
		}
	}
	return done == sum || wanted < 100 && math.Round(1000*done/sum) >= math.Round(10*wanted)
}

// Whatever COC shows, and in whatever order, a read of an order succeeds exactly if what it saw last is a confirmed success, and a wait
// never goes on after one.
func TestOrdersFollowTheModel(t *testing.T) {
	t.Parallel()
	bubble := func(run func(context.Context)) {
		synctest.Test(t, func(t *testing.T) { run(t.Context()) })
	}
	ends := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		const since = 1_000_000
		course := rapid.SliceOfN(rapid.Custom(drawShown), 1, 5).Draw(t, "course")
		req := OrderRequest{Order: theOrder, Details: true, Since: &Since{at: time.UnixMilli(since)}}
		if rapid.Bool().Draw(t, "wait") {
			req.Wait = &Wait{ThroughPause: rapid.Bool().Draw(t, "through a pause")}
			if rapid.Bool().Draw(t, "progress") {
				req.Wait.Progress = func(Progress) {}
			}
		}
		// looks are what each look saw; statistics that it did not ask for are not seen.
		var looks []shown
		var got *OrderReport
		var err error
		bubble(func(ctx context.Context) {
			start := time.Now()
			now := func() shown {
				left := time.Since(start)
				for _, part := range course {
					if left < part.lasts {
						return part
					}
					left -= part.lasts
				}
				return course[len(course)-1]
			}
			service := &coc{batches: map[int64]*client.ScriptOrderBatch{}, batchErr: map[int64]error{1: errors.New("not of interest")}}
			service.order = func(int) (*client.ScriptOrder, error) {
				looks = append(looks, shown{order: now().order})
				if now().order == nil {
					return nil, errOverloaded
				}
				return now().order, nil
			}
			service.statistics = func(int) (*client.ScriptOrderStatistics, error) {
				if now().statistics == nil {
					return nil, errOverloaded
				}
				looks[len(looks)-1].statistics = now().statistics
				return now().statistics, nil
			}
			ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
			defer cancel()
			got, err = ReadOrder(ctx, service, req)
		})
		if err != nil {
			ends["error"]++
			if last := looks[len(looks)-1]; last.order != nil || !client.KindOf(err).Retried() {
				t.Fatalf("error %v", err)
			}
			return
		}
		ends[string(got.Outcome)]++
		for i, look := range looks {
			switch success := look.succeedsNaively(since); {
			case i < len(looks)-1 && success:
				t.Fatalf("look %d of %d was a success", i+1, len(looks))
			case i == len(looks)-1 && (success != got.Good() || success != got.Succeeded() || success && (!got.Completed || got.Timeout != nil)):
				t.Fatalf("got %+v, want a success: %t", got.Verdict, success)
			}
		}
		if got.Doubt == "" && got.Outcome == Unknown || got.Good() && got.Doubt != "" {
			t.Fatalf("outcome %s with the doubt %q", got.Outcome, got.Doubt)
		}
		if red := got.Outcome == Failed || got.Outcome == Canceled; (!red && got.Outcome != Succeeded && got.Outcome != Paused && got.Outcome != Empty) &&
			got.Failures != nil {
			t.Fatalf("failures %v of an order that is %s", got.Failures, got.Outcome)
		}
	})
	for _, end := range []string{"succeeded", "failed", "unknown", "running", "error"} {
		if ends[end] == 0 {
			t.Errorf("no read ended with %s: %v", end, ends)
		}
	}
}
