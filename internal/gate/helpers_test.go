package gate

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
)

func statistics(total int64, rows ...client.InstanceStatistic) *client.ScriptOrderStatistics {
	return &client.ScriptOrderStatistics{TotalInstance: &total, ExecuteStatistics: rows}
}

func row(status string, count int64, batches ...int64) client.InstanceStatistic {
	return client.InstanceStatistic{InstanceStatus: &status, InstanceCount: &count, BatchIndexes: batches}
}

// batch lists one instance for each status, on the hosts h1, h2 and so on.
func batch(total int64, statuses ...string) *client.ScriptOrderBatch {
	listed := &client.ScriptOrderBatch{TotalInstances: &total, ExecuteInstances: []client.Instance{}}
	for i, status := range statuses {
		listed.ExecuteInstances = append(listed.ExecuteInstances, client.Instance{
			ID: new(int64(i + 1)), Status: &status, TargetInstance: host("h" + strconv.Itoa(i+1)),
		})
	}
	return listed
}

func host(name string) *client.TargetInstance {
	return &client.TargetInstance{Properties: &client.TargetProperties{HostName: &name}}
}

// coc plays COC: it answers from memory and notes what it was asked.
type coc struct {
	// order and statistics are given the number of the request, from 1.
	order      func(n int) (*client.ScriptOrder, error)
	statistics func(n int) (*client.ScriptOrderStatistics, error)
	batches    map[int64]*client.ScriptOrderBatch
	batchErr   map[int64]error
	// pause is how long each batch takes.
	pause map[int64]time.Duration

	mu                      sync.Mutex
	ordersAsked, statsAsked []client.Order
	batchesAsked            []client.Batch
	active, most            int
}

func (c *coc) ScriptOrder(_ context.Context, order client.Order) (*client.ScriptOrder, error) {
	c.ordersAsked = append(c.ordersAsked, order)
	return c.order(len(c.ordersAsked))
}

func (c *coc) ScriptOrderStatistics(_ context.Context, order client.Order) (*client.ScriptOrderStatistics, error) {
	c.statsAsked = append(c.statsAsked, order)
	return c.statistics(len(c.statsAsked))
}

func (c *coc) ScriptOrderBatch(ctx context.Context, asked client.Batch) (*client.ScriptOrderBatch, error) {
	c.mu.Lock()
	c.batchesAsked = append(c.batchesAsked, asked)
	c.active++
	c.most = max(c.most, c.active)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.active--
		c.mu.Unlock()
	}()
	if pause := c.pause[asked.BatchIndex]; pause > 0 {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err := c.batchErr[asked.BatchIndex]; err != nil {
		return nil, err
	}
	return c.batches[asked.BatchIndex], nil
}

// indexes are the batches that were asked for, sorted: they are asked for side by side.
func (c *coc) indexes() []int64 {
	var indexes []int64
	for _, asked := range c.batchesAsked {
		indexes = append(indexes, asked.BatchIndex)
	}
	slices.Sort(indexes)
	return indexes
}

// phaseOf is the phase of an outcome that is completed, or that moves.
func phaseOf(outcome Outcome, completed bool) Phase {
	switch {
	case outcome == Succeeded:
		return Good
	case completed:
		return Over
	default:
		return Moving
	}
}

// phaseOfJobs is phaseOf for job instances, which may also wait for a person, or be none.
func phaseOfJobs(outcome Outcome, completed, stuck bool) Phase {
	switch {
	case outcome == Empty:
		return Settling
	case stuck:
		return Stuck
	default:
		return phaseOf(outcome, completed)
	}
}

// always answers every request alike.
func always[T any](answer T) func(int) (T, error) {
	return func(int) (T, error) { return answer, nil }
}

// failing fails every request.
func failing[T any](err error) func(int) (T, error) {
	return func(int) (T, error) { return *new(T), err }
}

// inTurn gives the answers one by one, and the last one for ever.
func inTurn[T any](answers ...T) func(int) (T, error) {
	return func(n int) (T, error) { return answers[min(n, len(answers))-1], nil }
}

// on puts the instances of a batch on the given hosts.
func on(listed *client.ScriptOrderBatch, hosts ...string) *client.ScriptOrderBatch {
	for i, name := range hosts {
		listed.ExecuteInstances[i].TargetInstance = host(name)
	}
	return listed
}

var theOrder = client.Order{
	Target: client.Target{Region: "cn-north-4", ProjectID: "0aa1"}, ExecuteUUID: orderID, UserProfile: "me",
}
