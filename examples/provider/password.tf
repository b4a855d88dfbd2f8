terraform {
  required_version = ">= 1.5"
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

# The password comes from HW_USER_PASSWORD.
provider "hwgate" {
  region      = "cn-north-4"
  user_name   = "ci-reader"
  domain_name = "example-account"
}
