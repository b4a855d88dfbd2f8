package authtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Sign signs a request without a body, with all its headers, so that a test can ask an API what no method of the client asks.
func Sign(r *http.Request, accessKey, secretKey string) error {
	r.Host = r.URL.Host
	date := time.Now().UTC().Format(dateLayout)
	r.Header.Set("X-Sdk-Date", date)
	names := []string{"host"}
	for name := range r.Header {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	canonical, err := canonicalRequest(r, names, nil)
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, []byte(secretKey))
	mac.Write([]byte(algorithm + "\n" + date + "\n" + hash([]byte(canonical))))
	r.Header.Set("Authorization", algorithm+" Access="+accessKey+", SignedHeaders="+strings.Join(names, ";")+
		", Signature="+hex.EncodeToString(mac.Sum(nil)))
	return nil
}
