terraform {
  required_version = ">= 1.5"
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

# The key comes from HW_ACCESS_KEY, HW_SECRET_KEY and HW_SECURITY_TOKEN.
provider "hwgate" {
  region = "cn-north-4"
}
