terraform {
  required_version = ">= 1.5"
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

# The keys of HW_ACCESS_KEY and HW_SECRET_KEY assume the agency. With domain_id instead of domain_name it is assumed through STS.
provider "hwgate" {
  region = "cn-north-4"

  assume_role {
    agency_name = "status-reader"
    domain_name = "production-account"
    duration    = 7200
  }
}
