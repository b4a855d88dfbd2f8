package client

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// ProxySettingError means that nothing was sent, since the environment variable for the proxy is not a URL.
type ProxySettingError struct{ Variable string }

func (e *ProxySettingError) Error() string {
	return fmt.Sprintf("not sent: %s is not the URL of a proxy; special characters in its user name and password have to be "+
		"percent-encoded, such as %%25 for a percent sign, %%40 for @ and %%23 for #", e.Variable)
}

// proxyFromEnvironment returns a function that chooses the proxy for a URL. Unlike that of net/http, it does not connect directly if the
// proxy's variable cannot be parsed.
func proxyFromEnvironment() func(*url.URL) (*url.URL, error) {
	config := httpproxy.FromEnvironment()
	faults := map[string]error{}
	for scheme, setting := range map[string]*string{"https": &config.HTTPSProxy, "http": &config.HTTPProxy} {
		if *setting != "" && !isProxy(*setting) {
			variable := strings.ToUpper(scheme) + "_PROXY"
			if os.Getenv(variable) == "" {
				variable = strings.ToLower(variable)
			}
			faults[scheme] = &ProxySettingError{variable}
			*setting = "http://proxy.invalid" // to find out for which hosts the proxy was wanted
		}
	}
	choose := config.ProxyFunc()
	return func(target *url.URL) (*url.URL, error) {
		proxy, err := choose(target)
		if fault := faults[target.Scheme]; proxy != nil && fault != nil {
			return nil, fault
		}
		return proxy, err
	}
}

// isProxy reports whether a value is the address of a proxy, with or without a scheme. A special character in the password ends the host
// early, so that an @ remains behind it.
func isProxy(value string) bool {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	return err == nil && u.Hostname() != "" && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) &&
		!strings.Contains(u.Path+u.RawQuery+u.Fragment, "@")
}
