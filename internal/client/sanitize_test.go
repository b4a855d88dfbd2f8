package client

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever stands around it, and wherever the text is cut, no part of a secret that is longer than its twelve characters is shown.
func TestLongTextsShowNoSecret(t *testing.T) {
	t.Parallel()
	x, err := newClient(t, nil).newExchange(t.Context(), testOrder.call(newClient(t, nil)))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		x.client.secrets = &redactor{}
		alphabet := rapid.SampledFrom([]rune("abcdefghijklmnopqrstuvwxyz0123456789 "))
		secret := "s" + rapid.StringOfN(alphabet, 30, 60, -1).Draw(t, "secret") + "t"
		x.client.secrets.add(secret)
		filler := rapid.SampledFrom([]string{" ", "x ", "\n", "****", secret, secret[3:20]}).Draw(t, "filler")
		length := rapid.IntRange(longestText-200, longestText+200).Draw(t, "length")
		from := strings.Repeat(filler, length/len(filler)+1)[:length] + secret + strings.Repeat("y ", 200)
		shown := x.sanitize(from, messageLimit)
		if len(shown) > messageLimit {
			t.Fatalf("%d bytes", len(shown))
		}
		for i := 0; i+gramSize <= len(secret); i++ {
			if part := strings.Join(strings.Fields(secret[i:i+gramSize]), " "); len(part) == gramSize && strings.Contains(shown, part) {
				t.Fatalf("%q is in %q", part, shown)
			}
		}
		if rest := strings.Trim(shown, "xy *…"); rest != "" {
			t.Fatalf("%q of the secret is in %q", rest, shown)
		}
	})
}

// A part of a long token is found wherever it was cut, but for a few characters at its ends.
func TestLongSecretsAreRedacted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SampledFrom([]rune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		part := rapid.StringOfN(letters, 64, 64, -1).Draw(t, "part")
		var secret strings.Builder
		for i := range 1 + rapid.IntRange(longSecret-80, longSecret+80).Draw(t, "length")/64 {
			_, _ = fmt.Fprintf(&secret, "%s%04d", part[i%32:], i)
		}
		secrets := &redactor{}
		secrets.add(secret.String())
		from := rapid.IntRange(0, secret.Len()-gramSize-gramStride).Draw(t, "from")
		to := rapid.IntRange(from+gramSize+gramStride-1, secret.Len()).Draw(t, "to")
		got := secrets.replace("no " + secret.String()[from:to] + " please")
		if rest := strings.TrimSuffix(strings.TrimPrefix(got, "no "), " please"); strings.Trim(rest, "*") != "" {
			t.Fatalf("%q is shown of %d to %d", rest, from, to)
		}
	})
}

// Cleaning takes little time, whatever the service says, and what is kept of tokens little memory.
func TestRedactorIsBounded(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	secrets := &redactor{}
	for i := range 4 {
		var token strings.Builder
		for token.Len() < 900_000 {
			_, _ = fmt.Fprintf(&token, "%d.%x", i, token.Len()*7919)
		}
		secrets.add(token.String())
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 40<<20 {
		t.Errorf("%d MiB are kept for four tokens of 0.9 MB", kept>>20)
	}
	runtime.KeepAlive(secrets)
	start := time.Now()
	message := strings.Repeat(`no \u0041 &amp; %41 `, 60_000)
	_, err := newClient(t, answering(says(http.StatusBadRequest, `{"error_code":"X.1","error_msg":"`+message[:1_000_000]+`"}`))).
		ScriptOrder(t.Context(), testOrder)
	checkFailure(t, err)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%s for a message of 1 MB", took)
	}
}

// A deadline and a cancellation end a read while its answer is decoded: it is no success, however good the answer.
func TestEndWhileDecoding(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]error{"canceled": context.Canceled, "deadline": context.DeadlineExceeded} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := &endingContext{Context: t.Context(), end: end}
			rows := strings.Repeat(`{"id":1},`, 100)
			body := `{"data":{"execute_instances":[` + strings.TrimSuffix(rows, ",") + `]}}`
			answer, err := parse(ctx, []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			ctx.ended = true
			decoded := 0
			_ = list(*answer.object("data"), "execute_instances", func(fields) int { decoded++; return 0 })
			if decoded != 0 {
				t.Errorf("%d rows were decoded after the end", decoded)
			}
			if _, err := parse(ctx, []byte(`{"a":[`+strings.Repeat("1,", 2000)+`1]}`)); err == nil {
				t.Error("parsing did not end")
			}
			ctx.ended = false
			_, err = get(ctx, newClient(t, answering(says(http.StatusOK, documentedOrder))), testOrder.call(newClient(t, nil)), func(fields) int {
				ctx.ended = true
				return 1
			})
			if e := failure(t, err); KindOf(e) != Interrupted {
				t.Errorf("error %v, want %v", err, end)
			}
		})
	}
}

// endingContext ends when a test says so.
type endingContext struct {
	context.Context //nolint:containedctx // it is one

	end   error
	ended bool
}

func (c *endingContext) Err() error {
	if c.ended {
		return c.end
	}
	return nil
}

// An answer has at most so many values, so that reading one takes a fraction of a second.
func TestAnswerWithTooManyValues(t *testing.T) {
	t.Parallel()
	const member = `,{"a":[1,{}]}`
	for values, malformed := range map[int]bool{maxValues: false, maxValues + 1: true} {
		// The object, its list and its elements.
		body := `{"a":[` + strings.Repeat("1,", values-3) + `1]}`
		if _, err := parse(t.Context(), []byte(body)); (err != nil) != malformed {
			t.Errorf("%d values: error %v", values, err)
		}
	}
	body := `{"data":{"status":"ABNORMAL"},"x":[{}` + strings.Repeat(member, 4<<20/len(member)) + `{}]}`
	_, err := newClient(t, answering(says(http.StatusOK, body))).ScriptOrder(t.Context(), testOrder)
	if e := failure(t, err); !strings.Contains(e.Error(), "more than 200000 values") {
		t.Errorf("4 MiB: error %v", e)
	}
}
