package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const documentedOrder = `{
"data" : {
"execute_uuid" : "SCT2023102211473xxxxxxxxxx",
"gmt_created" : 1697946452186,
"gmt_finished" : 1697946763469,
"execute_costs" : 311282,
"creator" : "xxxxxxxxxxxcontainer1",
"status" : "CANCELED",
"properties" : {
"script_uuid" : "SC2023101717xxxxxxxxxxxxx",
"script_name" : "xjptxxxxxxxx",
"current_execute_batch_index" : 1,
"execute_param" : {
"resourceful" : true,
"timeout" : 300,
"execute_user" : "root",
"success_rate" : 100,
"script_params" : [ ]
},
"script_source" : "CUSTOM_SCRIPT"
}
}
}`

const documentedStatistics = `{
  "data" : {
    "total_instance" : 1,
    "execute_statistics" : [ {
      "instance_status" : "READY",
      "instance_count" : 0,
      "batch_indexes" : [ ]
    }, {
      "instance_status" : "PROCESSING",
      "instance_count" : 0,
      "batch_indexes" : [ ]
    }, {
      "instance_status" : "ABNORMAL",
      "instance_count" : 0,
      "batch_indexes" : [ ]
    }, {
      "instance_status" : "CANCELED",
      "instance_count" : 1,
      "batch_indexes" : [ 1 ]
    }, {
      "instance_status" : "FINISHED",
      "instance_count" : 0,
      "batch_indexes" : [ ]
    } ]
  }
}`

const documentedBatch = `{
"data" : {
"batch_index" : 1,
"total_instances" : 1,
"execute_instances" : [ {
"id" : 1588,
"target_instance" : {
"resource_id" : "resource_id",
"agent_sn" : "agent_sn",
"agent_status" : null,
"region_id" : null,
"project_id" : null,
"properties" : {
"host_name" : "host_name",
"fixed_ip" : "x.x.x.x",
"floating_ip" : null,
"region_id" : "***",
"zone_id" : "***",
"application" : null,
"group" : null,
"project_id" : null
}
},
"gmt_created" : 1697946452436,
"gmt_finished" : 1697946763467,
"execute_costs" : 311031,
"status" : "CANCELED",
"message" : "Script execution result"
} ]
}
}`

// The full answers have every field of the API's pages, also those that the examples there lack, and no value twice.
const (
	fullOrder = `{"data": {
		"execute_uuid": "SCT2023102211473xxxxxxxxxx", "gmt_created": 1697946452186, "gmt_finished": 1697946763469,
		"execute_costs": 9007199254740993, "creator": "someone", "status": "FINISHED",
		"properties": {
			"script_uuid": "SC1", "script_name": "clean up", "script_version_uuid": 9007199254740995, "script_version_name": "1.2",
			"current_execute_batch_index": 3, "script_source": "CUSTOM_SCRIPT",
			"execute_param": {
				"resourceful": true, "timeout": 301, "success_rate": 99.5, "execute_user": "root",
				"script_params": [{
					"param_name": "dir", "param_value": "/tmp", "param_order": 4,
					"param_refer": {"refer_type": "PARAM_STORE", "param_id": "P5", "param_version": "v6"}
				}]
			}
		}
	}}`

	fullStatistics = `{"data": {"total_instance": 9007199254740993, "execute_statistics": [
		{"instance_status": "FINISHED", "instance_count": 9007199254740995, "batch_indexes": [7]}
	]}}`

	fullBatch = `{"data": {"batch_index": 1, "total_instances": 9007199254740993, "execute_instances": [{
		"id": 9007199254740995, "gmt_created": 1697946452436, "gmt_finished": 1697946763467, "execute_costs": 311031,
		"status": "ROLLBACKED", "message": "line 1\nline 2 \u001b[31m",
		"target_instance": {
			"resource_id": "r1", "provider": "ECS", "region_id": "region-1", "type": "CLOUDSERVER", "project_id": "p1",
			"agent_sn": "sn1", "agent_status": "ONLINE", "custom_attributes": [{"key": "k1", "value": "v1"}],
			"properties": {
				"host_name": "host-1", "fixed_ip": "192.0.2.1", "floating_ip": "198.51.100.2", "region_id": "region-2",
				"zone_id": "zone-3", "application": "app-4", "group": "group-5", "project_id": "p6"
			}
		}
	}]}}`
)

func fullOrderResult() *ScriptOrder {
	return &ScriptOrder{
		GmtCreated: new(int64(1697946452186)), GmtFinished: new(int64(1697946763469)), ExecuteCosts: new(int64(9007199254740993)),
		Creator: new("someone"), Status: new("FINISHED"),
		Properties: &ScriptOrderProperties{
			ScriptUUID: new("SC1"), ScriptName: new("clean up"), ScriptVersionUUID: new(int64(9007199254740995)),
			ScriptVersionName: new("1.2"), CurrentExecuteBatchIndex: new(int64(3)), ScriptSource: new("CUSTOM_SCRIPT"),
			ExecuteParam: &ScriptExecuteParam{
				Resourceful: new(true), Timeout: new(int64(301)), SuccessRate: new(99.5), ExecuteUser: new("root"),
				ScriptParams: []ScriptParam{{
					ParamName: new("dir"), ParamValue: new("/tmp"), ParamOrder: new(int64(4)),
					ParamRefer: &ScriptParamRefer{ReferType: new("PARAM_STORE"), ParamID: new("P5"), ParamVersion: new("v6")},
				}},
			},
		},
	}
}

func fullStatisticsResult() *ScriptOrderStatistics {
	return &ScriptOrderStatistics{
		TotalInstance: new(int64(9007199254740993)),
		ExecuteStatistics: []InstanceStatistic{
			{InstanceStatus: new("FINISHED"), InstanceCount: new(int64(9007199254740995)), BatchIndexes: []int64{7}},
		},
	}
}

func fullBatchResult() *ScriptOrderBatch {
	return &ScriptOrderBatch{
		TotalInstances: new(int64(9007199254740993)),
		ExecuteInstances: []Instance{{
			ID: new(int64(9007199254740995)), GmtCreated: new(int64(1697946452436)), GmtFinished: new(int64(1697946763467)),
			ExecuteCosts: new(int64(311031)), Status: new("ROLLBACKED"), Message: new("line 1\nline 2 \x1b[31m"),
			TargetInstance: &TargetInstance{
				ResourceID: new("r1"), Provider: new("ECS"), RegionID: new("region-1"), Type: new("CLOUDSERVER"), ProjectID: new("p1"),
				AgentSN: new("sn1"), AgentStatus: new("ONLINE"),
				CustomAttributes: []CustomAttribute{{Key: new("k1"), Value: new("v1")}},
				Properties: &TargetProperties{
					HostName: new("host-1"), FixedIP: new("192.0.2.1"), FloatingIP: new("198.51.100.2"), RegionID: new("region-2"),
					ZoneID: new("zone-3"), Application: new("app-4"), Group: new("group-5"), ProjectID: new("p6"),
				},
			},
		}},
	}
}

func init() {
	documents("order", documentedOrder, func(ctx context.Context, c *Client) (any, error) {
		return c.ScriptOrder(ctx, testOrder)
	})
}

func init() {
	documents("order statistics", documentedStatistics, func(ctx context.Context, c *Client) (any, error) {
		return c.ScriptOrderStatistics(ctx, testOrder)
	})
}

func init() {
	documents("batch", documentedBatch, func(ctx context.Context, c *Client) (any, error) {
		return c.ScriptOrderBatch(ctx, testBatch)
	})
}

func TestCOCDocumented(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		call string
		want any
	}{
		{"order", &ScriptOrder{
			GmtCreated: new(int64(1697946452186)), GmtFinished: new(int64(1697946763469)), ExecuteCosts: new(int64(311282)),
			Creator: new("xxxxxxxxxxxcontainer1"), Status: new("CANCELED"),
			Properties: &ScriptOrderProperties{
				ScriptUUID: new("SC2023101717xxxxxxxxxxxxx"), ScriptName: new("xjptxxxxxxxx"),
				CurrentExecuteBatchIndex: new(int64(1)), ScriptSource: new("CUSTOM_SCRIPT"),
				ExecuteParam: &ScriptExecuteParam{
					Resourceful: new(true), Timeout: new(int64(300)), SuccessRate: new(100.0), ExecuteUser: new("root"),
					ScriptParams: []ScriptParam{},
				},
			},
		}},
		{"order statistics", &ScriptOrderStatistics{
			TotalInstance: new(int64(1)),
			ExecuteStatistics: []InstanceStatistic{
				{InstanceStatus: new("READY"), InstanceCount: new(int64(0)), BatchIndexes: []int64{}},
				{InstanceStatus: new("PROCESSING"), InstanceCount: new(int64(0)), BatchIndexes: []int64{}},
				{InstanceStatus: new("ABNORMAL"), InstanceCount: new(int64(0)), BatchIndexes: []int64{}},
				{InstanceStatus: new("CANCELED"), InstanceCount: new(int64(1)), BatchIndexes: []int64{1}},
				{InstanceStatus: new("FINISHED"), InstanceCount: new(int64(0)), BatchIndexes: []int64{}},
			},
		}},
		{"batch", &ScriptOrderBatch{
			TotalInstances: new(int64(1)),
			ExecuteInstances: []Instance{{
				ID: new(int64(1588)), GmtCreated: new(int64(1697946452436)), GmtFinished: new(int64(1697946763467)),
				ExecuteCosts: new(int64(311031)), Status: new("CANCELED"), Message: new("Script execution result"),
				TargetInstance: &TargetInstance{
					ResourceID: new("resource_id"), AgentSN: new("agent_sn"),
					Properties: &TargetProperties{
						HostName: new("host_name"), FixedIP: new("x.x.x.x"), RegionID: new("***"), ZoneID: new("***"),
					},
				},
			}},
		}},
	} {
		t.Run(test.call, func(t *testing.T) {
			t.Parallel()
			got, err := decodeWith(t, callers[test.call], documented[test.call])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
}

func TestScriptOrderFields(t *testing.T) {
	t.Parallel()
	type order = ScriptOrder
	type test = fieldTest[order]
	param := func(o *order) *ScriptParam { return &o.Properties.ExecuteParam.ScriptParams[0] }
	noParams := func(o *order) { o.Properties.ExecuteParam.ScriptParams = nil }
	const properties = "data.properties."
	const execute = properties + "execute_param."
	const first = execute + "script_params[0]"
	checkFields(t, callers["order"], fullOrder, fullOrderResult, func(o *order) *[]string { return &o.Warnings }, []test{
		{path: "data", kind: anObject, rule: required},
		{path: "data.execute_uuid", kind: aString, rule: decides},
		{path: "data.gmt_created", kind: wholeNumber, clear: func(o *order) { o.GmtCreated = nil }},
		{path: "data.gmt_finished", kind: wholeNumber, clear: func(o *order) { o.GmtFinished = nil }},
		{path: "data.execute_costs", kind: wholeNumber, clear: func(o *order) { o.ExecuteCosts = nil }},
		{path: "data.creator", kind: aString, clear: func(o *order) { o.Creator = nil }},
		{path: "data.status", kind: aString, rule: decides, clear: func(o *order) { o.Status = nil }},
		{path: "data.properties", kind: anObject, rule: decides, clear: func(o *order) { o.Properties = nil }},
		{path: properties + "script_uuid", kind: aString, clear: func(o *order) { o.Properties.ScriptUUID = nil }},
		{path: properties + "script_name", kind: aString, clear: func(o *order) { o.Properties.ScriptName = nil }},
		{path: properties + "script_version_uuid", kind: wholeNumber, clear: func(o *order) { o.Properties.ScriptVersionUUID = nil }},
		{path: properties + "script_version_name", kind: aString, clear: func(o *order) { o.Properties.ScriptVersionName = nil }},
		{path: properties + "current_execute_batch_index", kind: wholeNumber, clear: func(o *order) { o.Properties.CurrentExecuteBatchIndex = nil }},
		{path: properties + "script_source", kind: aString, clear: func(o *order) { o.Properties.ScriptSource = nil }},
		{path: properties + "execute_param", kind: anObject, rule: decides, clear: func(o *order) { o.Properties.ExecuteParam = nil }},
		{path: execute + "resourceful", kind: aBoolean, clear: func(o *order) { o.Properties.ExecuteParam.Resourceful = nil }},
		{path: execute + "timeout", kind: wholeNumber, clear: func(o *order) { o.Properties.ExecuteParam.Timeout = nil }},
		{path: execute + "success_rate", kind: aNumber, rule: decides, clear: func(o *order) { o.Properties.ExecuteParam.SuccessRate = nil }},
		{path: execute + "execute_user", kind: aString, clear: func(o *order) { o.Properties.ExecuteParam.ExecuteUser = nil }},
		{path: execute + "script_params", kind: aList, clear: noParams},
		{path: first, kind: anObject, clear: noParams},
		{path: first + ".param_name", kind: aString, clear: func(o *order) { param(o).ParamName = nil }},
		{path: first + ".param_value", kind: aString, clear: func(o *order) { param(o).ParamValue = nil }},
		{path: first + ".param_order", kind: wholeNumber, clear: func(o *order) { param(o).ParamOrder = nil }},
		{path: first + ".param_refer", kind: anObject, clear: func(o *order) { param(o).ParamRefer = nil }},
		{path: first + ".param_refer.refer_type", kind: aString, clear: func(o *order) { param(o).ParamRefer.ReferType = nil }},
		{path: first + ".param_refer.param_id", kind: aString, clear: func(o *order) { param(o).ParamRefer.ParamID = nil }},
		{path: first + ".param_refer.param_version", kind: aString, clear: func(o *order) { param(o).ParamRefer.ParamVersion = nil }},
	})
}

func TestScriptOrderStatisticsFields(t *testing.T) {
	t.Parallel()
	type statistics = ScriptOrderStatistics
	type test = fieldTest[statistics]
	const first = "data.execute_statistics[0]"
	checkFields(t, callers["order statistics"], fullStatistics, fullStatisticsResult, nil, []test{
		{path: "data", kind: anObject, rule: required},
		{path: "data.total_instance", kind: wholeNumber, rule: decides, clear: func(s *statistics) { s.TotalInstance = nil }},
		{path: "data.execute_statistics", kind: aList, rule: decides, clear: func(s *statistics) { s.ExecuteStatistics = nil }},
		{path: first, kind: anObject, rule: decides},
		{path: first + ".instance_status", kind: aString, rule: decides, clear: func(s *statistics) { s.ExecuteStatistics[0].InstanceStatus = nil }},
		{path: first + ".instance_count", kind: wholeNumber, rule: decides, clear: func(s *statistics) { s.ExecuteStatistics[0].InstanceCount = nil }},
		{path: first + ".batch_indexes", kind: aList, rule: decides, clear: func(s *statistics) { s.ExecuteStatistics[0].BatchIndexes = nil }},
		{path: first + ".batch_indexes[0]", kind: wholeNumber, rule: decides},
	})
}

func TestScriptOrderBatchFields(t *testing.T) {
	t.Parallel()
	type batch = ScriptOrderBatch
	type test = fieldTest[batch]
	target := func(b *batch) *TargetInstance { return b.ExecuteInstances[0].TargetInstance }
	noAttributes := func(b *batch) { target(b).CustomAttributes = nil }
	const first = "data.execute_instances[0]"
	const host = first + ".target_instance."
	const properties = host + "properties."
	checkFields(t, callers["batch"], fullBatch, fullBatchResult, func(b *batch) *[]string { return &b.Warnings }, []test{
		{path: "data", kind: anObject, rule: required},
		{path: "data.batch_index", kind: wholeNumber, rule: decides},
		{path: "data.total_instances", kind: wholeNumber, rule: decides, clear: func(b *batch) { b.TotalInstances = nil }},
		{path: "data.execute_instances", kind: aList, rule: decides, clear: func(b *batch) { b.ExecuteInstances = nil }},
		{path: first, kind: anObject, rule: decides},
		{path: first + ".id", kind: wholeNumber, rule: required},
		{path: first + ".gmt_created", kind: wholeNumber, clear: func(b *batch) { b.ExecuteInstances[0].GmtCreated = nil }},
		{path: first + ".gmt_finished", kind: wholeNumber, clear: func(b *batch) { b.ExecuteInstances[0].GmtFinished = nil }},
		{path: first + ".execute_costs", kind: wholeNumber, clear: func(b *batch) { b.ExecuteInstances[0].ExecuteCosts = nil }},
		{path: first + ".status", kind: aString, rule: decides, clear: func(b *batch) { b.ExecuteInstances[0].Status = nil }},
		{path: first + ".message", kind: aString, clear: func(b *batch) { b.ExecuteInstances[0].Message = nil }},
		{path: first + ".target_instance", kind: anObject, clear: func(b *batch) { b.ExecuteInstances[0].TargetInstance = nil }},
		{path: host + "resource_id", kind: aString, clear: func(b *batch) { target(b).ResourceID = nil }},
		{path: host + "provider", kind: aString, clear: func(b *batch) { target(b).Provider = nil }},
		{path: host + "region_id", kind: aString, clear: func(b *batch) { target(b).RegionID = nil }},
		{path: host + "type", kind: aString, clear: func(b *batch) { target(b).Type = nil }},
		{path: host + "project_id", kind: aString, clear: func(b *batch) { target(b).ProjectID = nil }},
		{path: host + "agent_sn", kind: aString, clear: func(b *batch) { target(b).AgentSN = nil }},
		{path: host + "agent_status", kind: aString, clear: func(b *batch) { target(b).AgentStatus = nil }},
		{path: host + "custom_attributes", kind: aList, clear: noAttributes},
		{path: host + "custom_attributes[0]", kind: anObject, clear: noAttributes},
		{path: host + "custom_attributes[0].key", kind: aString, clear: func(b *batch) { target(b).CustomAttributes[0].Key = nil }},
		{path: host + "custom_attributes[0].value", kind: aString, clear: func(b *batch) { target(b).CustomAttributes[0].Value = nil }},
		{path: host + "properties", kind: anObject, clear: func(b *batch) { target(b).Properties = nil }},
		{path: properties + "host_name", kind: aString, clear: func(b *batch) { target(b).Properties.HostName = nil }},
		{path: properties + "fixed_ip", kind: aString, clear: func(b *batch) { target(b).Properties.FixedIP = nil }},
		{path: properties + "floating_ip", kind: aString, clear: func(b *batch) { target(b).Properties.FloatingIP = nil }},
		{path: properties + "region_id", kind: aString, clear: func(b *batch) { target(b).Properties.RegionID = nil }},
		{path: properties + "zone_id", kind: aString, clear: func(b *batch) { target(b).Properties.ZoneID = nil }},
		{path: properties + "application", kind: aString, clear: func(b *batch) { target(b).Properties.Application = nil }},
		{path: properties + "group", kind: aString, clear: func(b *batch) { target(b).Properties.Group = nil }},
		{path: properties + "project_id", kind: aString, clear: func(b *batch) { target(b).Properties.ProjectID = nil }},
	})
}

func TestScriptOrderValues(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		path   string
		value  any
		change func(*ScriptOrder)
	}{
		// A number where a text is wanted keeps its digits.
		{"data.properties.script_name", 9007199254740993, func(o *ScriptOrder) { o.Properties.ScriptName = new("9007199254740993") }},
		{"data.properties.script_name", "", func(o *ScriptOrder) { o.Properties.ScriptName = new("") }},
		{"data.properties.execute_param.resourceful", false, func(o *ScriptOrder) { o.Properties.ExecuteParam.Resourceful = new(false) }},
		{"data.properties.execute_param.resourceful", "false", func(o *ScriptOrder) { o.Properties.ExecuteParam.Resourceful = new(false) }},
		{"data.properties.execute_param.success_rate", "100.0", func(o *ScriptOrder) { o.Properties.ExecuteParam.SuccessRate = new(100.0) }},
		{"data.execute_costs", -1, func(o *ScriptOrder) { o.ExecuteCosts = new(int64(-1)) }},
	} {
		t.Run(fmt.Sprintf("%s %#v", test.path, test.value), func(t *testing.T) {
			t.Parallel()
			got, err := decodeWith(t, callers["order"], edit(t, fullOrder, test.path, func(any) any { return test.value }))
			if err != nil {
				t.Fatal(err)
			}
			want := fullOrderResult()
			test.change(want)
			if diff := cmp.Diff(any(want), got); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
}

// TestEcho refuses an answer that names another order or batch than was asked for, also where no page promises the name.
func TestEcho(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		call, path string
		value      any
		ok         bool
	}{
		{"order", "data.execute_uuid", testOrderID, true},
		{"order", "data.execute_uuid", "SCT2023102211473yyyyyyyyyy", false},
		{"order", "data.execute_uuid", "", false},
		{"order", "data.execute_uuid", 7, false},
		{"order statistics", "data.execute_uuid", testOrderID, true},
		{"order statistics", "data.execute_uuid", "SCT2023102211473yyyyyyyyyy", false},
		{"batch", "data.execute_uuid", testOrderID, true},
		{"batch", "data.execute_uuid", "SCT2023102211473yyyyyyyyyy", false},
		{"batch", "data.batch_index", 1, true},
		{"batch", "data.batch_index", "1", true},
		{"batch", "data.batch_index", 2, false},
		{"batch", "data.batch_index", 0, false},
	} {
		t.Run(fmt.Sprintf("%s %s %v", test.call, test.path, test.value), func(t *testing.T) {
			t.Parallel()
			_, err := decodeWith(t, callers[test.call], edit(t, documented[test.call], test.path, func(any) any { return test.value }))
			if test.ok {
				if err != nil {
					t.Error(err)
				}
				return
			}
			checkFailure(t, err)
			if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "malformed answer: "+test.path+" is ") {
				t.Errorf("error %v, want ErrMalformed for %s", err, test.path)
			}
		})
	}
}

func TestCOCRequests(t *testing.T) {
	t.Parallel()
	profile := testOrder
	profile.UserProfile = "profile-1"
	noProject := Order{Target: Target{Region: testRegion}, ExecuteUUID: testOrderID}
	const orders = "https://coc.example.com/v1/job/script/orders/" + testOrderID
	for _, test := range []struct {
		name   string
		change func(*Config)
		call   caller
		answer string
		url    string
		// headers are sent with these values, or not at all when they are empty.
		headers map[string]string
	}{
		{
			"order, temporary key",
			credential(Credential{AccessKey: testAccessKey, SecretKey: testSecretKey, SecurityToken: "dummySecurityToken"}),
			callers["order"], documentedOrder, orders,
			map[string]string{
				"X-Security-Token": "dummySecurityToken", "X-Project-Id": testProject, "X-Language": "en-us", "Accept": "application/json",
				"User-Agent": "hwgate-test", "X-User-Profile": "", "X-Auth-Token": "",
			},
		},
		{
			"order without a project",
			func(*Config) {},
			func(ctx context.Context, c *Client) (any, error) { return c.ScriptOrder(ctx, noProject) },
			documentedOrder, orders,
			map[string]string{"X-Project-Id": "", "X-Domain-Id": "", "X-Security-Token": ""},
		},
		{
			"statistics of a user", func(cfg *Config) { cfg.DomainID = Setting{Value: "domain-1"} },
			func(ctx context.Context, c *Client) (any, error) { return c.ScriptOrderStatistics(ctx, profile) },
			documentedStatistics, orders + "/statistics",
			map[string]string{"X-User-Profile": "profile-1", "X-Project-Id": testProject, "X-Domain-Id": ""},
		},
		{
			"batch", func(cfg *Config) { cfg.Language = "zh-cn" }, callers["batch"], documentedBatch, orders + "/batches/1?limit=50",
			map[string]string{"X-Language": "zh-cn", "X-Project-Id": testProject},
		},
		{
			"the account, for want of a project", func(cfg *Config) { cfg.DomainID = Setting{Value: "domain-1"} },
			func(ctx context.Context, c *Client) (any, error) { return c.ScriptOrder(ctx, noProject) },
			documentedOrder, orders,
			map[string]string{"X-Project-Id": "", "X-Domain-Id": "domain-1"},
		},
		{
			"ready token", credential(Credential{AccessKey: testAccessKey, SecretKey: testSecretKey, Token: "dummyToken"}),
			callers["order"], documentedOrder, orders,
			map[string]string{"X-Auth-Token": "dummyToken", "Authorization": "", "X-Sdk-Date": "", "X-Security-Token": ""},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			service := answering(says(http.StatusOK, test.answer))
			if _, err := test.call(t.Context(), newClient(t, service, test.change)); err != nil {
				t.Fatal(err)
			}
			if len(service.sent()) != 1 {
				t.Fatalf("%d requests, want 1", len(service.sent()))
			}
			request := service.sent()[0]
			if test.headers["X-Auth-Token"] == "" {
				checkSigned(t, request)
			}
			if got := request.URL.String(); request.Method != http.MethodGet || got != test.url {
				t.Errorf("%s %s, want GET %s", request.Method, got, test.url)
			}
			for name, want := range test.headers {
				if got := request.Header.Values(name); strings.Join(got, "|") != want || (want == "" && len(got) > 0) {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}
