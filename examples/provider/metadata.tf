terraform {
  required_version = ">= 1.5"
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

# On a cloud server with an agency. No other credential is set.
provider "hwgate" {
  region = "cn-north-4"
}
