package client

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Service is a service of Huawei Cloud, as named in the provider's setting endpoints.
type Service string

// The services.
const (
	COC      Service = "coc"
	DataArts Service = "dataarts"
	ROMA     Service = "roma"
	IAM      Service = "iam"
	STS      Service = "sts"
)

// DataArtsJobs is the second host of DataArts, for version 1 of the job APIs. It shares the name and the endpoint setting of DataArts.
const DataArtsJobs Service = "dataarts jobs"

// serviceFacts describes a service, or the second host of one.
type serviceFacts struct {
	Service

	// owner is the service that the host belongs to.
	owner Service
	// name is for messages.
	name string
	// host is a template with {region}, {cloud}, {coc} (cocHost) and {dlf} (dlfHost).
	host string
	// permission is what a caller needs to read, for messages.
	permission string
}

var services = []serviceFacts{
	{COC, COC, "COC", "{coc}.{cloud}", "the permission coc:job:get"},
	{DataArts, DataArts, "DataArts", "dayu.{region}.{cloud}", "a role in DataArts Studio and membership of the workspace"},
	{DataArtsJobs, DataArts, "DataArts", "{dlf}.{region}.{cloud}", "a role in DataArts Studio and membership of the workspace"},
	{ROMA, ROMA, "ROMA", "roma.{region}.{cloud}", "the right to read ROMA Connect in this project (ROMA ReadOnlyAccess)"},
	{IAM, IAM, "IAM", "iam.{region}.{cloud}", "the right that the message names"},
	{STS, STS, "STS", "sts.{region}.{cloud}", "the right that the message names"},
}

// Services lists every service whose endpoint can be set.
func Services() []Service {
	var list []Service
	for _, service := range services {
		if service.Service == service.owner {
			list = append(list, service.Service)
		}
	}
	return list
}

// facts is the service's row of services. An unknown service has no host.
func (s Service) facts() serviceFacts {
	if i := slices.IndexFunc(services, func(row serviceFacts) bool { return row.Service == s }); i >= 0 {
		return services[i]
	}
	return serviceFacts{Service: s, owner: s, name: string(s), permission: "the right to read"}
}

// Name is the service's name for messages.
func (s Service) Name() string { return s.facts().name }

// Permission is what a caller needs to read from the service, for messages, such as "the permission coc:job:get".
func (s Service) Permission() string { return s.facts().permission }

// Target is the region and project of a read.
type Target struct {
	// Region is empty only for COC with a configured endpoint.
	Region string
	// ProjectID is empty only for COC, which does not need it.
	ProjectID string
}

// COCTarget chooses region and project of a read from COC: the given ones, which may be empty, or else the provider's, if any.
func (c *Client) COCTarget(region, projectID string) (Target, error) {
	target, err := c.target(region, projectID)
	if err != nil {
		return Target{}, err
	}
	if _, ok := c.cfg.Endpoints[COC]; target.Region == "" && !ok {
		return Target{}, c.noRegionError()
	}
	if target.ProjectID == "" && c.cfg.DomainID.Err != nil {
		return Target{}, c.cfg.DomainID.Err
	}
	return target, nil
}

// ProjectTarget is like COCTarget for a read that needs a project: one that is not configured is looked up by name, once.
func (c *Client) ProjectTarget(ctx context.Context, region, projectID string) (Target, error) {
	target, err := c.target(region, projectID)
	if err != nil {
		return Target{}, err
	}
	if target.Region == "" {
		return Target{}, c.noRegionError()
	}
	if target.ProjectID == "" {
		target.ProjectID, err = c.lookUpProject(ctx, target.Region)
	}
	return target, err
}

func (c *Client) target(region, projectID string) (Target, error) {
	if c.cfg.Blocked != nil {
		return Target{}, c.cfg.Blocked
	}
	if region == "" {
		region = c.cfg.Region.Value
	}
	if projectID != "" || !c.isOwnRegion(region) {
		return Target{Region: region, ProjectID: projectID}, nil
	}
	return Target{Region: region, ProjectID: c.cfg.ProjectID.Value}, c.cfg.ProjectID.Err
}

// noRegionError is never nil: without a reason in the configuration it is errNoRegion.
func (c *Client) noRegionError() error {
	return cmp.Or(c.cfg.Region.Err, errNoRegion)
}

var errNoRegion = errors.New("no region is configured")

// isOwnRegion reports whether the provider's project settings apply to a region.
func (c *Client) isOwnRegion(region string) bool { return region == c.cfg.Region.Value }

func (c *Client) endpoint(service Service, region string) (*url.URL, error) {
	facts := service.facts()
	set, ok := c.cfg.Endpoints[facts.owner]
	if service == IAM && c.cfg.AuthURL != (Setting{}) {
		set, ok = c.cfg.AuthURL, true
	}
	if ok {
		return set.endpoint(service)
	}
	if c.cfg.Cloud.Err != nil {
		return nil, c.cfg.Cloud.Err
	}
	if region == "" {
		return nil, c.noRegionError()
	}
	cloud := c.cfg.Cloud.Value
	if cloud == "" {
		cloud = defaultCloud(region)
	}
	names := strings.NewReplacer("{coc}", cocHost(region, cloud), "{dlf}", dlfHost(region), "{region}", region, "{cloud}", cloud)
	return ParseEndpoint(names.Replace(facts.host))
}

// endpoint parses the configured address of a service. It drops /v3 from that of IAM, since other versions are called too.
func (s Setting) endpoint(service Service) (*url.URL, error) {
	if s.Err != nil {
		return nil, s.Err
	}
	u, err := ParseEndpoint(s.Value)
	if err == nil && service == IAM {
		u.Path = strings.TrimSuffix(u.Path, "/v3")
	}
	return u, err
}

// defaultCloud is the domain of a region's hosts.
func defaultCloud(region string) string {
	if strings.HasPrefix(region, "eu-west-1") {
		return "myhuaweicloud.eu"
	}
	return "myhuaweicloud.com"
}

// cocHost is the first label of the host of COC. The service is global with one host per site, which the region determines. Partners'
// clouds have one site.
func cocHost(region, cloud string) string {
	switch {
	case strings.HasPrefix(region, "cn-"), cloud != "myhuaweicloud.com" && cloud != "myhuaweicloud.eu":
		return "coc"
	case region == "eu-west-101":
		return "coc-eu-west-101-open-api"
	default:
		return "coc-intl"
	}
}

// dlfHost is the first label of the host of version 1 of the job APIs.
func dlfHost(region string) string {
	if region == "cn-east-4" {
		return "dayu"
	}
	return "dayu-dlf"
}
