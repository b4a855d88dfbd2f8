package cloudtest

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Answer is a scripted answer to whatever is asked. It is a scene of any story.
type Answer struct {
	// Status is 200 when zero.
	Status int
	Header http.Header
	Body   string
	// Delay goes by before the answer.
	Delay time.Duration
}

// Says is an answer with headers as name, value, name, value.
func Says(status int, body string, headers ...string) Answer {
	answer := Answer{Status: status, Header: http.Header{}, Body: body}
	for i := 0; i+1 < len(headers); i += 2 {
		answer.Header.Set(headers[i], headers[i+1])
	}
	return answer
}

// Error is an answer in the envelope of the services.
func Error(status int, code, message string) Answer {
	body, _ := json.Marshal(map[string]string{"error_code": code, "error_msg": message})
	return Says(status, string(body), "Content-Type", "application/json")
}

// NotFound is the answer to an order that COC does not know.
var NotFound = Error(http.StatusBadRequest, "COC.00040709", "The order does not exist.")

// ServeHTTP answers, unless the request ends before.
func (a Answer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.Delay > 0 {
		select {
		case <-time.After(a.Delay):
		case <-r.Context().Done():
			return
		}
	}
	maps.Copy(w.Header(), a.Header)
	status := cmp.Or(a.Status, http.StatusOK)
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		_, _ = io.WriteString(w, a.Body)
	}
}

// Silence answers nothing until the request ends.
var Silence http.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })

// HangUp closes the connection in place of an answer.
var HangUp http.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })

// writeJSON answers with status 200.
func writeJSON(w http.ResponseWriter, value any) { writeJSONStatus(w, http.StatusOK, value) }

func writeJSONStatus(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

type object = map[string]any

func number(r *http.Request, name string, missing int) int {
	if n, err := strconv.Atoi(r.URL.Query().Get(name)); err == nil {
		return n
	}
	return missing
}

// page is a part of a listing, pages numbered from zero.
func page(rows []object, number, size int) []object {
	first := min(max(number, 0)*size, len(rows))
	return rows[first:min(first+size, len(rows))]
}

// known are the documented words, then those that are counted all the same.
func known[T any](documented []string, counts map[string]T) []string {
	words := slices.Clone(documented)
	for _, word := range slices.Sorted(maps.Keys(counts)) {
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words
}
