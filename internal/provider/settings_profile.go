package provider

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hwgate/terraform-provider-hwgate/internal/client"
	"github.com/hwgate/terraform-provider-hwgate/internal/text"
)

// sharedConfig is the configuration file of KooCLI, the command hcloud.
type sharedConfig struct {
	Current  string    `json:"current"`
	Profiles []profile `json:"profiles"`
	// AuthEncrypt is a boolean or a string.
	AuthEncrypt any `json:"authEncrypt"`
}

// profile is one profile of the file.
type profile struct {
	profileKeys

	Name         string `json:"name"`
	Mode         string `json:"mode"`
	Region       string `json:"region"`
	ProjectID    string `json:"projectId"`
	DomainID     string `json:"domainId"`
	AgencyName   string `json:"agencyName"`
	AgencyDomain string `json:"agencyDomainName"`
	AgencyID     string `json:"agencyDomainId"`
	SSO          struct {
		Token profileKeys `json:"stsToken"`
	} `json:"ssoAuth"`
}

type profileKeys struct {
	AccessKey     string `json:"accessKeyId"`
	SecretKey     string `json:"secretAccessKey"`
	SecurityToken string `json:"securityToken"`
}

// openProfile reads the profile that the provider block or the environment selects, if any.
func (s *settings) openProfile() {
	file, name := s.inBlockOrEnvironment("shared_config_file"), s.inBlockOrEnvironment("profile")
	for _, found := range []value{file, name} {
		if !found.IsNull() && !found.IsUnknown() && found.ValueString() == "" {
			s.addError(found, "it is empty")
			s.profileErr = settingErrorf("%s is empty", found.argument)
			return
		}
	}
	switch {
	case file.IsNull() && name.IsNull():
	case file.IsUnknown():
		s.profileErr = unknownError("shared_config_file")
	case name.IsUnknown():
		s.profileErr = unknownError("profile")
	default:
		found, err := readProfile(file.ValueString(), name.ValueString(), s.getenv)
		if err != nil {
			s.profileErr = &settingError{text: err.Error()}
			return
		}
		s.profile = &found
	}
}

// readProfile reads a profile from KooCLI's file. The defaults are the file at its usual place and its current profile.
func readProfile(file, name string, getenv func(string) string) (profile, error) {
	if file == "" {
		file = filepath.Join("~", ".hcloud", "config.json")
	}
	content, err := readFile(file, text.FileLimit, getenv)
	if err != nil {
		return profile{}, fmt.Errorf("the shared config file cannot be read: %w. Correct shared_config_file, or run hcloud configure", err)
	}
	file = text.File(file)
	var config sharedConfig
	if err := json.Unmarshal(content, &config); err != nil {
		return profile{}, fmt.Errorf("the shared config file %s is not KooCLI's JSON: %w. Run hcloud configure", file, err)
	}
	if strings.EqualFold(fmt.Sprint(config.AuthEncrypt), "true") {
		return profile{}, fmt.Errorf("the shared config file %s is encrypted, which only KooCLI can read. Run hcloud configure set "+
			"--cli-auth-encrypt=false", file)
	}
	if name == "" {
		name = config.Current
	}
	var names []string
	for _, candidate := range config.Profiles {
		if candidate.Name == name {
			return candidate, nil
		}
		names = append(names, candidate.Name)
	}
	shown := quoted(name)
	if flaw := text.Flaw(name); flaw != "" {
		shown += " (it " + flaw + ")"
	}
	return profile{}, fmt.Errorf("the shared config file %s has no profile %s; it has %s. Correct profile", file,
		shown, cmp.Or(text.Plain(strings.Join(names, ", "), 512), "none"))
}

func (p profile) credential() (client.Credential, error) {
	keys := p.profileKeys
	if p.Mode == "SSO" {
		keys = p.SSO.Token
	}
	credential := client.Credential{AccessKey: keys.AccessKey, SecretKey: keys.SecretKey, SecurityToken: keys.SecurityToken}
	switch p.Mode {
	case "SSO":
		if credential.AccessKey == "" || credential.SecretKey == "" || credential.SecurityToken == "" {
			return credential, settingErrorf("the profile %s has no keys of its SSO sign-in. Run hcloud configure sso", p.shown())
		}
	case "", "AKSK":
		if credential.AccessKey == "" || credential.SecretKey == "" {
			return credential, settingErrorf("the profile %s lacks accessKeyId or secretAccessKey. Run hcloud configure", p.shown())
		}
	default:
		return credential, settingErrorf("the profile %s has the mode %s; AKSK, SSO and ecsAgency can be used. Choose another profile",
			p.shown(), text.Plain(p.Mode, 32))
	}
	for _, value := range []string{credential.AccessKey, credential.SecretKey, credential.SecurityToken} {
		if problem := secretFormat.problem(value); value != "" && problem != "" {
			return credential, settingErrorf("the profile %s holds a malformed key: %s. Run hcloud configure", p.shown(), problem)
		}
	}
	return credential, nil
}

func (p profile) shown() string { return text.Plain(p.Name, 64) }

// role returns the agency to assume. With both of its account's names, it is that of version 3 of the API, as for the official provider.
func (p profile) role() (client.Agency, error) {
	if p.AgencyDomain == "" && p.AgencyID == "" {
		return client.Agency{}, settingErrorf("the profile %s has an agencyName, but neither agencyDomainName nor agencyDomainId. "+
			"Run hcloud configure", p.shown())
	}
	role := client.Agency{Name: p.AgencyName, DomainName: p.AgencyDomain, Duration: defaultDuration}
	if role.DomainName == "" {
		role.DomainID = p.AgencyID
	}
	return role, nil
}
