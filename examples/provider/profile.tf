terraform {
  required_version = ">= 1.5"
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

# Keys, region and project of a profile that "hcloud configure" or "hcloud configure sso" made.
provider "hwgate" {
  shared_config_file = "~/.hcloud/config.json"
  profile            = "reader"
}
