terraform {
  required_version = ">= 1.5"
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

# Keys, region and project come from a profile that "hcloud configure" or "hcloud configure sso" wrote.
provider "hwgate" {
  shared_config_file = "~/.hcloud/config.json"
  profile            = "reader"
}
