package cloudtest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Batch is a number of instances by status.
type Batch map[string]int

// OrderScene is an order of COC at one look.
type OrderScene struct {
	Status  string
	Batches []Batch
	// Threshold is the success rate that the order requires. Default: 100.
	Threshold float64
	// Created and Finished are the times of order and instances; Finished only counts once they have ended. Default: created, finished.
	Created, Finished time.Time
	// Log is the log of each instance.
	Log string
	// LInstances reports that the hosts are L instances, whose rows have members that no page documents, and leave most others null.
	LInstances bool
}

// The times of the example in the API's documentation.
var (
	created  = time.UnixMilli(1697946452186)
	finished = time.UnixMilli(1697946763469)
)

// Ready is an order that has not begun.
func Ready(instances int) OrderScene {
	return OrderScene{Status: "READY", Batches: []Batch{{"READY": instances}}}
}

// Running is an order with some of its instances finished.
func Running(finished, instances int) OrderScene {
	return OrderScene{Status: "PROCESSING", Batches: []Batch{{"FINISHED": finished, "PROCESSING": instances - finished}}}
}

// Paused is an order that waits for a person, with some of its instances finished.
func Paused(finished, instances int) OrderScene {
	return OrderScene{Status: "PAUSED", Batches: []Batch{{"FINISHED": finished, "READY": instances - finished}}}
}

// Finished is an order that succeeded on all its instances.
func Finished(instances int) OrderScene {
	return OrderScene{Status: "FINISHED", Batches: []Batch{{"FINISHED": instances}}}
}

// Failed is an order that failed on some instances and succeeded on others.
func Failed(finished, abnormal int) OrderScene {
	return OrderScene{Status: "ABNORMAL", Batches: []Batch{{"FINISHED": finished, "ABNORMAL": abnormal}}}
}

// Canceled is an order that was canceled when some instances had finished.
func Canceled(finished, canceled int) OrderScene {
	return OrderScene{Status: "CANCELED", Batches: []Batch{{"FINISHED": finished, "CANCELED": canceled}}}
}

// orderStatuses are the statuses of an instance, as sorted in the API's example.
var orderStatuses = []string{"READY", "PROCESSING", "ABNORMAL", "CANCELED", "FINISHED"}

func ended(status string) bool {
	return !slices.Contains([]string{"READY", "PROCESSING", "PAUSED"}, status)
}

func (o OrderScene) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v1/job/script/orders/"), "/")
	batch, isBatch := strings.CutPrefix(rest, "batches/")
	index, err := strconv.Atoi(batch)
	switch {
	case rest == "":
		o.order(w, id)
	case rest == "statistics":
		o.statistics(w)
	case isBatch && err == nil && index >= 1 && index <= len(o.Batches):
		o.batch(w, r, index)
	default:
		NotFound.ServeHTTP(w, r)
	}
}

func (o OrderScene) times(status string) (begin int64, end, costs *int64) {
	first, last := cmp.Or(o.Created, created), cmp.Or(o.Finished, finished)
	if ended(status) {
		end, costs = new(last.UnixMilli()), new(last.Sub(first).Milliseconds())
	}
	return first.UnixMilli(), end, costs
}

func (o OrderScene) order(w http.ResponseWriter, id string) {
	begin, end, costs := o.times(o.Status)
	writeJSON(w, object{"data": object{
		"execute_uuid": id, "gmt_created": begin, "gmt_finished": end, "execute_costs": costs, "creator": "ops", "status": o.Status,
		"properties": object{
			"script_uuid": "SC2023101717", "script_name": "migrate", "current_execute_batch_index": 1, "script_source": "CUSTOM_SCRIPT",
			"execute_param": object{
				"timeout": 300, "success_rate": cmp.Or(o.Threshold, 100), "execute_user": "root", "script_params": []any{},
			},
		},
	}})
}

func (o OrderScene) statistics(w http.ResponseWriter) {
	counts, batches := map[string]int{}, map[string][]int{}
	total := 0
	for i, batch := range o.Batches {
		for status, count := range batch {
			if count != 0 {
				counts[status] += count
				batches[status] = append(batches[status], i+1)
				total += count
			}
		}
	}
	rows := []object{}
	for _, status := range allWords(orderStatuses, counts) {
		indexes := batches[status]
		if indexes == nil {
			indexes = []int{}
		}
		rows = append(rows, object{"instance_status": status, "instance_count": counts[status], "batch_indexes": indexes})
	}
	writeJSON(w, object{"data": object{"total_instance": total, "execute_statistics": rows}})
}

// batch writes a page of a batch. Ids run through all batches; within a batch, finished instances come first.
func (o OrderScene) batch(w http.ResponseWriter, r *http.Request, index int) {
	id := 0
	for _, batch := range o.Batches[:index-1] {
		for _, count := range batch {
			id += count
		}
	}
	wanted, marker := r.URL.Query().Get("status"), queryInt(r, "marker", 0)
	limit := queryInt(r, "limit", 50)
	rows, total := []object{}, 0
	for _, status := range allWords([]string{"FINISHED"}, o.Batches[index-1]) {
		for range o.Batches[index-1][status] {
			id++
			if wanted != "" && status != wanted {
				continue
			}
			total++
			if id > marker && len(rows) < limit {
				rows = append(rows, o.instance(id, status))
			}
		}
	}
	writeJSON(w, object{"data": object{"batch_index": index, "total_instances": total, "execute_instances": rows}})
}

func (o OrderScene) instance(id int, status string) object {
	begin, end, costs := o.times(status)
	if o.LInstances {
		return object{
			"id": id, "gmt_created": begin, "gmt_finished": end, "execute_costs": costs, "status": status, "message": o.Log,
			"cmd_uuid": fmt.Sprintf("cmd-%d", id), "job_sign": nil,
			"target_instance": object{
				"resource_id": fmt.Sprintf("res-%d", id), "provider": "hcss", "region_id": "cn-north-4", "type": "l-instance",
				"agent_sn": "sn", "agent_version": "1.0.0", "agent_status": nil, "project_id": nil, "custom_attributes": nil,
				"properties": object{
					"host_name": fmt.Sprintf("hcss-%d", id), "fixed_ip": nil, "floating_ip": nil, "region_id": nil, "zone_id": nil,
					"application": nil, "group": nil, "project_id": nil,
				},
			},
		}
	}
	return object{
		"id": id, "gmt_created": begin, "gmt_finished": end, "execute_costs": costs, "status": status, "message": o.Log,
		"target_instance": object{
			"resource_id": fmt.Sprintf("res-%d", id), "provider": "ECS", "region_id": "cn-north-4", "type": "CLOUDSERVER",
			"agent_sn": "sn", "agent_status": "ONLINE", "custom_attributes": []object{{"key": "k", "value": "v"}},
			"properties": object{
				"host_name": fmt.Sprintf("ecs-%d", id), "fixed_ip": fmt.Sprintf("192.0.2.%d", id%256), "region_id": "cn-north-4",
				"zone_id": "cn-north-4a",
			},
		},
	}
}
