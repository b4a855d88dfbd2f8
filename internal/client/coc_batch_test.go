package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// page is an answer that lists instances by their ids.
func page(total int64, ids ...int64) answerer { return says(http.StatusOK, pageBody(total, ids...)) }

func pageBody(total int64, ids ...int64) string {
	rows := make([]string, 0, len(ids))
	for _, id := range ids {
		rows = append(rows, fmt.Sprintf(`{"id":%d,"status":"FINISHED"}`, id))
	}
	return fmt.Sprintf(`{"data":{"batch_index":1,"total_instances":%d,"execute_instances":[%s]}}`, total, strings.Join(rows, ","))
}

func TestScriptOrderBatchPages(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*Batch)
		pages  []answerer
		// queries are those of the requests, as they are on the wire, in one line.
		queries string
		// ids are those listed; nil means that the answer is malformed.
		ids []int64
	}{
		{"one page that holds all", nil, []answerer{page(2, 11, 12)}, "limit=3", []int64{11, 12}},
		// The server may have more than it announced.
		{"one page that is full", nil, []answerer{page(3, 11, 12, 13), page(3)}, "limit=3 limit=3&marker=13", []int64{11, 12, 13}},
		{
			"three pages, the last one short and complete", nil, []answerer{page(7, 11, 12, 13), page(7, 14, 15, 16), page(7, 17)},
			"limit=3 limit=3&marker=13 limit=3&marker=16", []int64{11, 12, 13, 14, 15, 16, 17},
		},
		{"an empty batch", nil, []answerer{page(0)}, "limit=3", []int64{}},
		{"less than announced", nil, []answerer{page(9, 11, 12), page(9)}, "limit=3 limit=3&marker=12", []int64{11, 12}},
		{
			"more than announced", nil, []answerer{page(2, 11, 12, 13), page(2, 14), page(2)},
			"limit=3 limit=3&marker=13 limit=3&marker=14", []int64{11, 12, 13, 14},
		},
		{
			"nothing announced", nil, []answerer{says(http.StatusOK, `{"data":{"execute_instances":[{"id":11}]}}`), says(http.StatusOK, `{"data":{}}`)},
			"limit=3 limit=3&marker=11", []int64{11},
		},
		{
			"a server that caps the limit", nil, []answerer{page(5, 11, 12), page(5, 13, 14), page(5, 15)},
			"limit=3 limit=3&marker=12 limit=3&marker=14", []int64{11, 12, 13, 14, 15},
		},
		{
			"a server that ignores the limit", nil, []answerer{page(5, 11, 12, 13, 14, 15), page(5)},
			"limit=3 limit=3&marker=15", []int64{11, 12, 13, 14, 15},
		},
		{"newest first", nil, []answerer{page(4, 14, 13, 12), page(4, 11)}, "limit=3 limit=3&marker=12", []int64{14, 13, 12, 11}},
		{
			"another total later", nil, []answerer{page(4, 11, 12, 13), page(5, 14), page(5)},
			"limit=3 limit=3&marker=13 limit=3&marker=14", []int64{11, 12, 13, 14},
		},
		{
			"another total later, which fits", nil, []answerer{page(5, 11, 12), page(3, 13), page(3)},
			"limit=3 limit=3&marker=12 limit=3&marker=13", []int64{11, 12, 13},
		},
		{
			"a filter", func(b *Batch) { b.Status = "ABNORMAL" }, []answerer{page(2, 11, 12), page(2)},
			"limit=3&status=ABNORMAL limit=3&marker=12&status=ABNORMAL", []int64{11, 12},
		},
		{
			"a marker", func(b *Batch) { b.Marker = 2147483648 }, []answerer{page(1, 2147483649), page(1)},
			"limit=3&marker=2147483648 limit=3&marker=2147483649", []int64{2147483649},
		},
		{"the same page again", nil, []answerer{page(7, 11, 12, 13)}, "limit=3 limit=3&marker=13", nil},
		{"an instance of an earlier page", nil, []answerer{page(7, 11, 12, 13), page(7, 14, 11)}, "limit=3 limit=3&marker=13", nil},
		{"an instance twice on a page", nil, []answerer{page(7, 11, 11)}, "limit=3", nil},
		{"a page that begins at the marker given", func(b *Batch) { b.Marker = 11 }, []answerer{page(7, 11, 12)}, "limit=3&marker=11", nil},
		{"an id of zero", nil, []answerer{page(7, 11, 0)}, "limit=3", nil},
		{"an id of zero on a later page", nil, []answerer{page(7, 11, 12, 13), page(7, 0)}, "limit=3 limit=3&marker=13", nil},
		{"a negative id", nil, []answerer{page(7, -11)}, "limit=3", nil},
		{
			"no id on a later page", nil, []answerer{page(7, 11, 12, 13), says(http.StatusOK, `{"data":{"execute_instances":[{"status":"READY"}]}}`)},
			"limit=3 limit=3&marker=13", nil,
		},
		{
			"another batch on a later page", nil, []answerer{page(7, 11, 12, 13), says(http.StatusOK, `{"data":{"batch_index":2,"execute_instances":[]}}`)},
			"limit=3 limit=3&marker=13", nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			batch := testBatch
			batch.Limit = 3
			if test.change != nil {
				test.change(&batch)
			}
			service := answering(test.pages...)
			got, err := newClient(t, service).ScriptOrderBatch(t.Context(), batch)
			var queries []string
			for _, request := range service.sent() {
				checkSigned(t, request)
				queries = append(queries, request.URL.RawQuery)
			}
			if diff := cmp.Diff(test.queries, strings.Join(queries, " ")); diff != "" {
				t.Errorf("queries, want (-), got (+):\n%s", diff)
			}
			if test.ids == nil {
				checkFailure(t, err)
				if !errors.Is(err, ErrMalformed) || got != nil {
					t.Errorf("%v and error %v, want ErrMalformed", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			ids := make([]int64, 0, len(got.ExecuteInstances))
			for _, instance := range got.ExecuteInstances {
				ids = append(ids, *instance.ID)
			}
			if diff := cmp.Diff(test.ids, ids); diff != "" {
				t.Errorf("ids, want (-), got (+):\n%s", diff)
			}
		})
	}
}

// The last total counts and another one before it is told of; the warnings of all pages are kept.
func TestScriptOrderBatchTellsOfAnotherTotalAndAllWarnings(t *testing.T) {
	t.Parallel()
	const second = `{"data":{"total_instances":1,"execute_instances":[{"id":12,"message":{}}]}}`
	service := answering(
		says(http.StatusOK, `{"data":{"total_instances":2,"execute_instances":[{"id":11,"gmt_created":"now"}]}}`),
		says(http.StatusOK, second),
		says(http.StatusOK, `{"data":{"execute_instances":[]}}`),
	)
	got, err := newClient(t, service).ScriptOrderBatch(t.Context(), testBatch)
	if err != nil {
		t.Fatal(err)
	}
	want := &ScriptOrderBatch{
		TotalInstances:   new(int64(1)),
		TotalChanged:     true,
		ExecuteInstances: []Instance{{ID: new(int64(11))}, {ID: new(int64(12))}},
		Warnings: []string{
			"data.execute_instances[0].gmt_created is a string, wanted a whole number",
			"data.execute_instances[0].message is an object, wanted a string",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func TestBatchPartial(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		batch Batch
		want  bool
	}{
		{Batch{}, false},
		{Batch{Limit: 3, BatchIndex: 2}, false},
		{Batch{Status: "READY"}, true},
		{Batch{Marker: 1}, true},
	} {
		if got := test.batch.Partial(); got != test.want {
			t.Errorf("%+v: %v, want %v", test.batch, got, test.want)
		}
	}
}

func TestScriptOrderBatchEndless(t *testing.T) {
	t.Parallel()
	const size = 5000
	service := answering(func(request *http.Request) (*http.Response, error) {
		var marker int64
		if text := request.URL.Query().Get("marker"); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, err
			}
			marker = n
		}
		ids := make([]int64, size)
		for i := range ids {
			ids[i] = marker + int64(i) + 1
		}
		return page(size, ids...)(request)
	})
	_, err := newClient(t, service).ScriptOrderBatch(t.Context(), testBatch)
	checkFailure(t, err)
	if !errors.Is(err, ErrMalformed) {
		t.Errorf("error %v, want ErrMalformed", err)
	}
	if got, want := len(service.sent()), maxInstances/size+1; got != want {
		t.Errorf("%d requests, want %d", got, want)
	}
}

func TestScriptOrderBatchCanceledBetweenPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		service := answering(
			func(request *http.Request) (*http.Response, error) {
				cancel()
				return page(7, 11, 12, 13)(request)
			},
			func(request *http.Request) (*http.Response, error) {
				if err := request.Context().Err(); err != nil {
					return nil, err
				}
				return page(7)(request)
			},
		)
		_, err := newClient(t, service, retries(5)).ScriptOrderBatch(ctx, testBatch)
		checkFailure(t, err)
		if !errors.Is(err, context.Canceled) || isTransient(err) {
			t.Errorf("error %v, want context.Canceled", err)
		}
		if len(service.sent()) > 2 {
			t.Errorf("%d requests, want at most 2", len(service.sent()))
		}
	})
}

// A query argument cannot add another one.
func TestQueryArgumentsAreEscaped(t *testing.T) {
	t.Parallel()
	batch := testBatch
	batch.Status = "READY&limit=1 +/é"
	service := answering(page(0))
	if _, err := newClient(t, service).ScriptOrderBatch(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	request := service.sent()[0]
	checkSigned(t, request)
	if diff := cmp.Diff(url.Values{"limit": {"50"}, "status": {batch.Status}}, query(t, request)); diff != "" {
		t.Errorf("query, want (-), got (+):\n%s", diff)
	}
	if want := "limit=50&status=READY%26limit%3D1%20%2B%2F%C3%A9"; request.URL.RawQuery != want {
		t.Errorf("query %s, want %s", request.URL.RawQuery, want)
	}
}
