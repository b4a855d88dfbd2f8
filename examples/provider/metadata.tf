terraform {
  required_version = ">= 1.5"
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

# On a cloud server that has an agency, with no other credential in sight.
provider "hwgate" {
  region = "cn-north-4"
}
