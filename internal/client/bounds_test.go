package client

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// A batch has at most 1,000 instances, however many pages list them.
func TestMostInstances(t *testing.T) {
	t.Parallel()
	for instances, fails := range map[int64]bool{1000: false, 1001: true} {
		var rows []string
		for id := range instances {
			rows = append(rows, fmt.Sprintf(`{"id":%d}`, id+1))
		}
		pageOf := func(rows []string) answerer {
			return says(http.StatusOK, fmt.Sprintf(`{"data":{"total_instances":%d,"execute_instances":[%s]}}`, instances, strings.Join(rows, ",")))
		}
		got, err := newClient(t, answering(pageOf(rows[:600]), pageOf(rows[600:]), pageOf(nil))).ScriptOrderBatch(t.Context(), testBatch)
		if (err != nil) != fails || (err == nil && int64(len(got.ExecuteInstances)) != instances) {
			t.Errorf("%d instances: error %v", instances, err)
		}
	}
}

// A float holds every whole number up to 2^53, of either sign, and no more.
func TestLargestFloats(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"9007199254740992.0": true, "-9007199254740992.0": true, "9007199254740994.0": false, "-9007199254740994.0": false, "-1e15": true,
		"-1e16": false, "-9223372036854775808": true, "-9223372036854775809": false,
	} {
		if got, is := parseInteger([]byte(text)); is != ok {
			t.Errorf("%s is %d and %t, want %t", text, got, is, ok)
		}
	}
}

// The answer of the machine's metadata has at most 64 kB.
func TestMostMetadata(t *testing.T) {
	t.Parallel()
	for size, ok := range map[int]bool{metadataBodyLimit: true, metadataBodyLimit + 1: false} {
		synctest.Test(t, func(t *testing.T) {
			keys := keysV3 + strings.Repeat(" ", size-len(keysV3))
			metadata := newCloud(t, map[string]answerer{
				"/meta-data/latest/api/token": says(http.StatusNotFound, ""), "/openstack/latest/securitykey": says(http.StatusOK, keys),
			})
			metadata.answers[0] = func(request *http.Request) (*http.Response, error) {
				if answer := metadata.signIns[request.URL.Path]; answer != nil {
					return answer(request)
				}
				return says(http.StatusOK, documentedOrder)(request)
			}
			c := newClient(t, metadata, source(MetadataSource(func(err error) error { return err })))
			if _, err := c.ScriptOrder(t.Context(), testOrder); (err == nil) != ok {
				t.Errorf("%d bytes: error %v", size, err)
			}
		})
	}
}
