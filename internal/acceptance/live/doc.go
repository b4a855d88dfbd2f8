// Package live is tests alone. They hold what the code assumes of the services, and no page of the documentation settles, to a mock that is
// as assumed, and to one that is not. `make live` holds it to an account instead: it prints each assumption with what was seen, fails where
// one falls, and records the answers, scrubbed, in a folder that git ignores. It only reads: a few dozen requests in some minutes.
//
//	HW_REGION_NAME, HW_PROJECT_ID
//	HW_ACCESS_KEY, HW_SECRET_KEY, HW_SECURITY_TOKEN or HW_AUTH_TOKEN
//	HWGATE_LIVE_ORDER      id of a script order of COC that has ended
//	HWGATE_LIVE_WORKSPACE  id of a workspace of DataArts Factory that ran jobs today
//	HWGATE_LIVE_JOB        name of a job in it that ran in the last week
//	HWGATE_LIVE_ROMA       id of an instance of ROMA Connect
//
// An assumption whose id is missing is not checked.
package live
