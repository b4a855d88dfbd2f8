package provider_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// setups are ways to sign in by variables, each with only valid values.
var setups = map[string]map[string]string{
	"keys":     {"HW_ACCESS_KEY": accessKey, "HW_SECRET_KEY": secretKey, "HW_SECURITY_TOKEN": "planted-security-token"},
	"token":    {"HW_AUTH_TOKEN": preIssuedToken},
	"password": {"HW_USER_NAME": "ci-reader", "HW_USER_PASSWORD": "planted-Password_1", "HW_DOMAIN_NAME": "example-account"},
	"user id":  {"HW_USER_ID": "0123456789abcdef", "HW_USER_PASSWORD": "planted-Password_1", "HW_DOMAIN_ID": accountID},
	"profile":  {"HW_PROFILE": "reader", "HW_SHARED_CONFIG_FILE": "~/config.json"},
	"agency": {
		"HW_ACCESS_KEY": accessKey, "HW_SECRET_KEY": secretKey, "HW_ASSUME_ROLE_AGENCY_NAME": "status-reader",
		"HW_ASSUME_ROLE_DOMAIN_NAME": "production-account", "HW_ASSUME_ROLE_DURATION": "3600",
	},
	"identity token": {
		"HW_ASSUME_ROLE_IDP_ID": "gitlab", "HW_ASSUME_ROLE_AGENCY_NAME": "status-reader", "HW_ASSUME_ROLE_DOMAIN_ID": accountID,
		"HW_ASSUME_ROLE_ID_TOKEN": idToken,
	},
	"identity token in a file": {
		"HW_ASSUME_ROLE_IDP_ID": "gitlab", "HW_ASSUME_ROLE_AGENCY_NAME": "status-reader", "HW_ASSUME_ROLE_DOMAIN_ID": accountID,
		"HW_ASSUME_ROLE_ID_TOKEN_FILE": "~/token",
	},
}

// everywhere are the settings of every setup.
var everywhere = map[string]string{
	"HW_REGION_NAME": "cn-north-4", "HW_PROJECT_NAME": "cn-north-4", "HW_AUTH_URL": "https://iam.cn-north-4.myhuaweicloud.com/v3",
	"HW_CLOUD": "myhuaweicloud.com", "HW_MAX_RETRIES": "0", "HW_INSECURE": "false", "OS_CACERT": "~/ca.pem",
}

var filesOfSetups = map[string]string{
	"config.json": `{"current":"reader","profiles":[{"name":"reader",` + kooKeys(accessKey) + `}]}`, "token": idToken,
}

// spoil is a way in which a shell, an editor or a CI system spoils a value, with the words that must be told of it.
type spoil struct{ before, after, told string }

var spoils = []spoil{
	{"${", "}", "holds a variable that was not expanded (${…})"}, {"${{ secrets.", " }}", "holds a variable that was not expanded (${{…}})"},
	{"$(", ")", "holds a variable that was not expanded ($(…))"}, {"{{ ", " }}", "holds a variable that was not expanded ({{…}})"},
	{"$", "", "holds a variable that was not expanded ($…)"}, {"%", "%", "holds a variable that was not expanded (%…%)"},
	{`"`, `"`, "is in quotation marks"}, {"'", "'", "is in quotation marks"}, {"", "\n", "ends in a line break"},
	{"", "\r\n", "ends in a line break"}, {"", " ", "ends in a space"}, {" ", "", "begins with a space"},
}

// TestSpoiledSettingsCostNoRequest spoils one setting of each way to sign in: the error says how, sends nothing, and repeats no secret.
func TestSpoiledSettingsCostNoRequest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		setup := rapid.SampledFrom(slices.Sorted(maps.Keys(setups))).Draw(rt, "setup")
		environment := merged(everywhere, setups[setup])
		variable := rapid.SampledFrom(slices.Sorted(maps.Keys(environment))).Draw(rt, "variable")
		spoil := rapid.SampledFrom(spoils).Draw(rt, "spoil")
		value := environment[variable]
		switch {
		case strings.HasSuffix(variable, "PASSWORD") && strings.TrimSpace(spoil.before+spoil.after) == "" && spoil.told != "ends in a line break":
			return // a password may have spaces at its ends
		case spoil.before != "" && !strings.ContainsAny(spoil.before, "\"' "):
			value = strings.Map(func(r rune) rune {
				if strings.ContainsRune(" -./:~", r) {
					return '_'
				}
				return r
			}, "VAR_"+value) // the name of a variable
			if spoil.before == "$" && strings.HasSuffix(variable, "PASSWORD") {
				value = strings.ToUpper(value) // $ecret may be a password
			}
		case spoil.before == "${{ secrets.":
			value = "X"
		}
		pem, err := os.ReadFile(filepath.Join("testdata", "authority.pem"))
		if err != nil {
			rt.Fatal(err)
		}
		environment[variable] = spoil.before + value + spoil.after
		mock := newAuthMock(t)
		mock.expect(nobody, nil)
		told, sawError := configured(t.Context(), t, mock.options(environment, merged(filesOfSetups, map[string]string{"ca.pem": string(pem)})), nil)
		if !sawError || !strings.Contains(told, spoil.told) {
			rt.Errorf("%s = %q: told %s, want %q", variable, environment[variable], told, spoil.told)
		}
		if seen := mock.seen(); len(seen) > 0 {
			rt.Errorf("%s = %q: sent %q", variable, environment[variable], seen)
		}
		for _, secret := range []string{preIssuedToken, secretKey, idToken, "planted"} {
			if strings.Contains(told, secret) {
				rt.Errorf("%s = %q: a secret is told: %s", variable, environment[variable], told)
			}
		}
	})
}

// TestSettingsInTheWrongPlace gives each setting what belongs into another one: nothing is sent, no secret is told, and the error names
// the place.
func TestSettingsInTheWrongPlace(t *testing.T) {
	t.Parallel()
	const jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwbGFudGVkIn0.cGxhbnRlZC1zaWduYXR1cmU"
	const ak, sk = "ABCDEFGHIJKLMNOPQRST", "plantedplantedplantedplantedplanted12345"
	const hidden = "(not shown: a token, it seems, not a path)"
	for name, test := range map[string]struct {
		setup       string
		environment map[string]string
		want        string
	}{
		"token as file":                  {"identity token in a file", map[string]string{"HW_ASSUME_ROLE_ID_TOKEN_FILE": jwt}, hidden},
		"token with blank as file":       {"identity token in a file", map[string]string{"HW_ASSUME_ROLE_ID_TOKEN_FILE": " " + jwt}, hidden},
		"header as file":                 {"identity token in a file", map[string]string{"HW_ASSUME_ROLE_ID_TOKEN_FILE": "Bearer planted"}, hidden},
		"opaque token as file":           {"identity token in a file", map[string]string{"HW_ASSUME_ROLE_ID_TOKEN_FILE": "planted"}, "(not shown: it does not have the form of a path)"},
		"quoted opaque token as file":    {"identity token in a file", map[string]string{"HW_ASSUME_ROLE_ID_TOKEN_FILE": `"planted"`}, "is in quotation marks"},
		"JSON as file":                   {"identity token in a file", map[string]string{"HW_ASSUME_ROLE_ID_TOKEN_FILE": `{"value":"planted"}`}, "(not shown: the content of a file"},
		"token as shared config file":    {"profile", map[string]string{"HW_SHARED_CONFIG_FILE": jwt}, hidden},
		"content as shared config file":  {"profile", map[string]string{"HW_SHARED_CONFIG_FILE": `{"profiles":[{"secretAccessKey":"planted"}]}`}, "(not shown: the content of a file"},
		"file as token":                  {"identity token", map[string]string{"HW_ASSUME_ROLE_ID_TOKEN": "/run/secrets/token"}, "not the path of a file (only id_token_file takes one)"},
		"file as pre-issued token":       {"token", map[string]string{"HW_AUTH_TOKEN": "~/token"}, "not the path of a file"},
		"header as token":                {"token", map[string]string{"HW_AUTH_TOKEN": "Bearer planted"}, "wanted printable ASCII characters without spaces"},
		"keys the wrong way round":       {"keys", map[string]string{"HW_ACCESS_KEY": sk, "HW_SECRET_KEY": ak}, "access_key and secret_key are swapped, it seems"},
		"project as region":              {"keys", map[string]string{"HW_REGION_NAME": "cn-north-4_team"}, `"cn-north-4_team" given, which is the form of a project's name: set region to cn-north-4, and project_name`},
		"region in capitals":             {"keys", map[string]string{"HW_REGION_NAME": "CN-North-4"}, `"CN-North-4" given, wanted small letters: cn-north-4`},
		"path as profile":                {"profile", map[string]string{"HW_PROFILE": "~/config.json"}, `has no profile "~/config.json"; it has reader. Correct profile`},
		"host as region":                 {"keys", map[string]string{"HW_REGION_NAME": "iam.cn-north-4"}, "wanted a region such as cn-north-4"},
		"identity token, provider gone":  {"identity token", map[string]string{"HW_ASSUME_ROLE_IDP_ID": ""}, "HW_ASSUME_ROLE_ID_TOKEN is set, but HW_ASSUME_ROLE_IDP_ID is not"},
		"identity file, provider gone":   {"identity token in a file", map[string]string{"HW_ASSUME_ROLE_IDP_ID": ""}, "HW_ASSUME_ROLE_ID_TOKEN_FILE is set, but HW_ASSUME_ROLE_IDP_ID is not"},
		"home unknown to a shared file":  {"profile", map[string]string{"HOME": ""}, "neither HOME nor USERPROFILE is set"},
		"home unknown to an id file":     {"identity token in a file", map[string]string{"HOME": ""}, "neither HOME nor USERPROFILE is set"},
		"home unknown to the usual file": {"profile", map[string]string{"HOME": "", "HW_SHARED_CONFIG_FILE": ""}, "neither HOME nor USERPROFILE is set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := newAuthMock(t)
			mock.expect(nobody, nil)
			options := mock.options(nil, filesOfSetups)
			getenv := options.Getenv
			environment := merged(map[string]string{"HW_REGION_NAME": "cn-north-4"}, setups[test.setup], test.environment)
			options.Getenv = func(name string) string {
				if value, ok := environment[name]; ok {
					return value
				}
				return getenv(name)
			}
			told, sawError := configured(t.Context(), t, options, nil)
			if !sawError || !strings.Contains(told, test.want) {
				t.Errorf("told: %s, want %q", told, test.want)
			}
			if seen := mock.seen(); len(seen) > 0 {
				t.Errorf("sent: %q", seen)
			}
			for _, secret := range []string{"planted", jwt, "cGxhbnRlZC"} {
				if strings.Contains(told, secret) {
					t.Errorf("a secret is told: %s", told)
				}
			}
		})
	}
}

// TestSpoiledFiles spoils the content of the files that settings name.
func TestSpoiledFiles(t *testing.T) {
	t.Parallel()
	profiles := filesOfSetups["config.json"]
	utf16 := func(from string) string { return "\xff\xfe" + strings.Join(strings.Split(from, ""), "\x00") + "\x00" }
	for name, test := range map[string]struct {
		setup, file, content string
		want                 string
	}{
		"profile in UTF-16":      {"profile", "config.json", utf16(profiles), "the file is encoded in UTF-16, and has to be saved as UTF-8"},
		"profile too large":      {"profile", "config.json", strings.Repeat(" ", 1<<20) + profiles, "the file has more than 1 MiB"},
		"profile with a quote":   {"profile", "config.json", strings.Replace(profiles, secretKey, "'"+secretKey+"'", 1), "holds a malformed key: it is in quotation marks"},
		"profile with variables": {"profile", "config.json", strings.Replace(profiles, secretKey, "${SECRET}", 1), "holds a malformed key: it holds a variable that was not expanded (${…})"},
		"token in UTF-16":        {"identity token in a file", "token", utf16(idToken), "the file is encoded in UTF-16"},
		"token in JSON":          {"identity token in a file", "token", `{"value":"` + idToken + `"}`, "the identity token is JSON, and has to stand alone in its file"},
		"token in quotes":        {"identity token in a file", "token", `"` + idToken + `"`, "the identity token is in quotation marks"},
		"token with its scheme":  {"identity token in a file", "token", "Bearer " + idToken, "the identity token has characters that no token has"},
		"token not expanded":     {"identity token in a file", "token", "${TOKEN}", "the identity token holds a variable that was not expanded"},
		"no token":               {"identity token in a file", "token", "\n", "the identity token is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := newAuthMock(t)
			mock.expect(nobody, nil)
			environment := merged(map[string]string{"HW_REGION_NAME": "cn-north-4"}, setups[test.setup])
			told, sawError := configured(t.Context(), t, mock.options(environment, map[string]string{test.file: test.content}), nil)
			if !sawError || !strings.Contains(told, test.want) {
				t.Errorf("told: %s, want %q", told, test.want)
			}
			if seen := mock.seen(); len(seen) > 0 {
				t.Errorf("sent: %q", seen)
			}
			checkHarmless(t, flat(told), planted()...)
		})
	}
}

// TestMarkBeforeAProfile reads a profile that an editor has put a byte order mark before.
func TestMarkBeforeAProfile(t *testing.T) {
	t.Parallel()
	mock := newAuthMock(t)
	mock.expect(accessKey, nil)
	told, sawError := configured(t.Context(), t, mock.options(merged(map[string]string{"HW_REGION_NAME": "cn-north-4"}, setups["profile"]),
		map[string]string{"config.json": "\ufeff" + filesOfSetups["config.json"]}), nil)
	if sawError {
		t.Error(told)
	}
}

// TestVariablesOfOtherTools names each variable that the vendor's other tools read, with what hwgate reads instead, but only if there is
// no credential.
func TestVariablesOfOtherTools(t *testing.T) {
	t.Parallel()
	for variable, instead := range map[string]string{
		"HUAWEICLOUD_SDK_AK": "HW_ACCESS_KEY or OS_ACCESS_KEY", "HUAWEI_CLOUD_ACCESS_KEY_ID": "HW_ACCESS_KEY or OS_ACCESS_KEY",
		"HUAWEICLOUD_SDK_SK": "HW_SECRET_KEY or OS_SECRET_KEY", "HUAWEICLOUD_SDK_SECURITY_TOKEN": "HW_SECURITY_TOKEN", "OS_TOKEN": "HW_AUTH_TOKEN or OS_AUTH_TOKEN",
		"HW_PASSWORD": "HW_USER_PASSWORD or OS_PASSWORD",
	} {
		mock := newAuthMock(t)
		mock.expect(accessKey, nil)
		environment := map[string]string{"HW_REGION_NAME": "cn-north-4", variable: "planted"}
		told, _ := configured(t.Context(), t, mock.options(environment, nil), nil)
		want := "No credentials found. " + variable + " is set, which hwgate does not read: it reads " + instead + ". Set HW_ACCESS_KEY"
		if !strings.Contains(told, want) || strings.Contains(told, "planted") {
			t.Errorf("told: %s, want %q", told, want)
		}
		if told, sawError := configured(t.Context(), t, mock.options(merged(keysInEnv, environment), nil), nil); sawError || strings.Contains(told, variable) {
			t.Errorf("told beside a credential: %s", told)
		}
	}
	mock := newAuthMock(t)
	mock.expect(nobody, nil)
	told, _ := configured(t.Context(), t, mock.options(merged(keysInEnv, map[string]string{"HW_REGION": "cn-north-4"}), nil), nil)
	if want := "No region is set. HW_REGION is set, which hwgate does not read: it reads HW_REGION_NAME or OS_REGION_NAME. Set region"; !strings.Contains(told, want) {
		t.Errorf("told: %s, want %q", told, want)
	}
}

// TestUnusualRegion warns of a region that may be misspelt, since COC answers all the same, unless cloud or hosts are one's own.
func TestUnusualRegion(t *testing.T) {
	t.Parallel()
	for region, warned := range map[string]bool{
		"cn-north-4": false, "ap-southeast-3": false, "la-north-2": false, "na-mexico-1": false, "sa-brazil-1": false, "eu-west-101": false,
		"my-kualalumpur-1": false, "ru-moscow-1": false, "ae-ad-1": false, "af-south-1": false, "tr-west-1": false, "me-east-1": false,
		"cn-nort-4": true, "cn-north4": true, "cnnorth-4": true, "cn-north-4a": true, "north-4": true, "cn-north": true, "cn--4": true, "xx-north-4": true,
	} {
		for name, own := range map[string]arguments{
			"": nil, "cloud": {"cloud": "example.com"}, "endpoints": {"endpoints": "coc=https://coc.example.com"},
		} {
			mock := newAuthMock(t)
			mock.expect(nobody, nil)
			told, _ := configured(t.Context(), t, mock.options(nil, nil), merged(arguments{"region": region, "access_key": "half"}, own))
			want := warned && own == nil
			if strings.Contains(told, "Unusual name of a region") != want {
				t.Errorf("region %s, own %s: told %s, want a warning: %t", region, name, told, want)
			}
		}
	}
}

// TestProfileWithBothNames assumes the agency of a profile by its account's name if it has both, as the official provider does.
func TestProfileWithBothNames(t *testing.T) {
	t.Parallel()
	mock := newAuthMock(t)
	mock.expect(assumedKey, agencyExchange(accessKey, 3600))
	profile := `{"name":"p",` + kooKeys(accessKey) + `,"agencyName":"status-reader","agencyDomainName":"production-account","agencyDomainId":"` + accountID + `"}`
	told, sawError := configured(t.Context(), t, mock.options(map[string]string{"HW_PROFILE": "p", "HW_REGION_NAME": "cn-north-4"}, koo(profile)), nil)
	if sawError {
		t.Error(told)
	}
}

// TestDurationWithoutUnit says how a duration is written when a number was given, which Terraform turns into text.
func TestDurationWithoutUnit(t *testing.T) {
	t.Parallel()
	p := inMemory(t, orders(t))
	told := shown(p.validate(t, "coc_script_order", with(theOrder, "poll_interval", str("10"))))
	if want := `"10" given, wanted a duration from 1s to 5m, with its unit: "10s" are 10 seconds`; !strings.Contains(told, want) {
		t.Errorf("told: %s, want %q", told, want)
	}
}
