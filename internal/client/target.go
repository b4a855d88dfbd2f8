package client

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Service names an API host: the keys of the provider's `endpoints`.
type Service string

// The services that requests go to.
const (
	COC      Service = "coc"
	DataArts Service = "dataarts"
	ROMA     Service = "roma"
	IAM      Service = "iam"
	STS      Service = "sts"
)

// DataArtsJobs is the second host of DataArts, which has version 1 of the job APIs. It is no service of its own: its address is set as
// that of DataArts, and errors name DataArts.
const DataArtsJobs Service = "dataarts jobs"

// serviceFacts is what differs from service to service beside the calls themselves.
type serviceFacts struct {
	Service

	// owner is the service that the host belongs to.
	owner Service
	// name is for people.
	name string
	// host has {region} and {cloud} for what depends on them; {coc} is cocHost.
	host string
	// right is what a caller of the reads has to be given.
	permission string
}

var services = []serviceFacts{
	{COC, COC, "COC", "{coc}.{cloud}", "the permission coc:job:get"},
	{DataArts, DataArts, "DataArts", "dayu.{region}.{cloud}", "a role in DataArts Studio and the membership of the workspace"},
	{DataArtsJobs, DataArts, "DataArts", "dayu-dlf.{region}.{cloud}", "a role in DataArts Studio and the membership of the workspace"},
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

// facts is the row of the service. A service without a row has no host, and so no address.
func (s Service) facts() serviceFacts {
	if i := slices.IndexFunc(services, func(row serviceFacts) bool { return row.Service == s }); i >= 0 {
		return services[i]
	}
	return serviceFacts{Service: s, owner: s, name: string(s), permission: "the right to read"}
}

// Name is how people call the service.
func (s Service) Name() string { return s.facts().name }

// Permission says what a caller has to be given to read from the service, as in "the permission coc:job:get".
func (s Service) Permission() string { return s.facts().permission }

// Target is where one read goes. It is what the arguments of a data source and the provider's settings come down to.
type Target struct {
	// Region is empty only for COC with a configured endpoint.
	Region string
	// ProjectID is empty only for COC, which needs none.
	ProjectID string
}

// COCTarget settles region and project of a read from COC, from the data source's own arguments (either may be empty) and the
// provider's settings. It never looks a project up: COC works without one.
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

// ProjectTarget settles region and project of a read whose path names a project. A project that is not configured for the
// region is looked up by name, once.
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

// noRegionError says why there is no region.
func (c *Client) noRegionError() error {
	return cmp.Or(c.cfg.Region.Err, errNoRegion)
}

// errNoRegion stands in for a reason of the configuration's own; without one a missing region would pass for no error.
var errNoRegion = errors.New("no region is configured")

// isOwnRegion tells whether the provider's project settings count for a region: only for the provider's own.
func (c *Client) isOwnRegion(region string) bool { return region == c.cfg.Region.Value }

// endpoint gives the address of a service for a region.
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
	return ParseEndpoint(strings.NewReplacer("{coc}", cocHost(region), "{region}", region, "{cloud}", cloud).Replace(facts.host))
}

// endpoint reads the address of a service that was set. That of IAM may end in /v3 or not; it is given without, since IAM has more than
// that version.
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

// defaultCloud is the domain of a region's hosts: Europe has its own.
func defaultCloud(region string) string {
	if strings.HasPrefix(region, "eu-west-1") {
		return "myhuaweicloud.eu"
	}
	return "myhuaweicloud.com"
}

// cocHost is the first label of the host of COC. The service is global, and the site of the account decides which host knows its
// orders; the region tells the site.
func cocHost(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "coc"
	case region == "eu-west-101":
		return "coc-eu-west-101-open-api"
	default:
		return "coc-intl"
	}
}
