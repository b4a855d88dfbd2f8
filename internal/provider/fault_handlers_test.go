package provider_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hwgate/terraform-provider-hwgate/internal/testutil/cloudtest"
)

// badDeployment are all services while nothing is wrong with them: what they tell is bad news. Spoiled ones give another type where a verdict
// needs a value.
var (
	badDeployment = bodies(func(asked badAnswer) string { return asked.body })
	spoiled       = bodies(func(asked badAnswer) string { return asked.spoiled })
)

// bodies answers what is asked of each source.
func bodies(of func(badAnswer) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, source := range badAnswers() {
			if source.path == r.URL.Path {
				_, _ = io.WriteString(w, of(source))
				return
			}
		}
		http.NotFound(w, r)
	}
}

// deployment has the bad news behind faults, and gives out credentials in scenes.
func deployment(t *testing.T, faults []http.Handler, signIns ...http.Handler) *cloudtest.Service {
	t.Helper()
	svc := cloudtest.New(cloudtest.Report(t.Errorf))
	for _, source := range badAnswers() {
		svc.At(source.path + "?*").Then(badDeployment)
	}
	svc.Faults(faults...)
	svc.IAM().Then(signIns...)
	return svc
}

// Faults of the service and of connections, one for each request of a path. The last one holds for all further ones; nil is none.
type (
	faults []http.Handler
	dials  []error
)

// Short forms for what is scripted most.
var (
	says    = cloudtest.Says
	hangUp  = cloudtest.HangUp
	silence = cloudtest.Silence
)

// retryAt throttles until a time.
func retryAt(after time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		says(http.StatusTooManyRequests, ``, "Retry-After", time.Now().Add(after).UTC().Format(http.TimeFormat)).ServeHTTP(w, r)
	}
}

// withoutStatistics answers about an order, and not about its instances.
var withoutStatistics = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/statistics") {
		says(400, `{"error_code":"COC.1","error_msg":"no"}`).ServeHTTP(w, r)
	} else {
		badDeployment(w, r)
	}
})

// withoutListings counts, and does not say what failed.
var withoutListings = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/instances/detail") || strings.HasSuffix(r.URL.Path, "/task-monitors") {
		says(403, `{"error_code":"DLF.6888","error_msg":"no"}`).ServeHTTP(w, r)
	} else {
		badDeployment(w, r)
	}
})

// tears promises more than it sends.
func tears(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		says(status, body, "Content-Length", "1000").ServeHTTP(w, r)
		if err := http.NewResponseController(w).Flush(); err != nil {
			panic(err)
		}
		panic(http.ErrAbortHandler)
	}
}

// retyped is a good answer under another content type.
func retyped(contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		badDeployment(w, r)
	}
}

// drips sends a byte a second, then the good answer.
func drips(seconds int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for range seconds {
			if _, err := io.WriteString(w, " "); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
			select {
			case <-time.After(time.Second):
			case <-r.Context().Done():
				return
			}
		}
		badDeployment(w, r)
	}
}

// endless sends spaces until the client gives up.
func endless(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		for {
			if _, err := io.WriteString(w, manySpaces); err != nil {
				return
			}
		}
	}
}

// bomb is endless too, but small on the wire.
var bomb = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	for {
		if _, err := w.Write(zippedSpaces); err != nil {
			return
		}
	}
})

// zippedSpaces may be repeated: unpacking goes on from one end to the next beginning.
var zippedSpaces = func() []byte {
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	_, _ = io.WriteString(zip, manySpaces)
	_ = zip.Close()
	return b.Bytes()
}()

// page answers with instances of a batch, which are numbered on.
func page(total, first, count int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		var rows []string
		for id := first; id < first+count; id++ {
			rows = append(rows, fmt.Sprintf(`{"id":%d,"status":"FINISHED"}`, id))
		}
		_, _ = io.WriteString(w, fmt.Sprintf(`{"data":{"total_instances":%d,"execute_instances":[%s]}}`, total, strings.Join(rows, ",")))
	}
}

var manySpaces = strings.Repeat(" ", 1<<20)

var endlessHeaders = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
	for err == nil {
		_, err = io.WriteString(conn, "X-Filler: "+manySpaces+"x\r\n")
	}
})
