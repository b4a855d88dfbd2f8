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

// Answer is a scene with the same answer to every request.
type Answer struct {
	// Status is that of HTTP. Default: 200.
	Status int
	Header http.Header
	Body   string
	// Delay is the time before the answer.
	Delay time.Duration
}

// Says is an answer with headers: name, value, name, value.
func Says(status int, body string, headers ...string) Answer {
	answer := Answer{Status: status, Header: http.Header{}, Body: body}
	for i := 0; i+1 < len(headers); i += 2 {
		answer.Header.Set(headers[i], headers[i+1])
	}
	return answer
}

// Error is an error in the services' envelope.
func Error(status int, code, message string) Answer {
	body, _ := json.Marshal(map[string]string{"error_code": code, "error_msg": message})
	return Says(status, string(body), "Content-Type", "application/json")
}

// NotFound is COC's answer for an order that does not exist.
var NotFound = Error(http.StatusBadRequest, "COC.00040709", "The order does not exist.")

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

// Silence never answers.
var Silence http.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })

// HangUp closes the connection instead of answering.
var HangUp http.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })

func writeJSON(w http.ResponseWriter, value any) { writeJSONStatus(w, http.StatusOK, value) }

func writeJSONStatus(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

type object = map[string]any

func queryInt(r *http.Request, name string, defaultValue int) int {
	if n, err := strconv.Atoi(r.URL.Query().Get(name)); err == nil {
		return n
	}
	return defaultValue
}

// page returns a page of a listing. Pages are numbered from zero.
func page(rows []object, number, size int) []object {
	first := min(max(number, 0)*size, len(rows))
	return rows[first:min(first+size, len(rows))]
}

// allWords returns the documented words, followed by others that are counted.
func allWords[T any](documented []string, counts map[string]T) []string {
	words := slices.Clone(documented)
	for _, word := range slices.Sorted(maps.Keys(counts)) {
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words
}
