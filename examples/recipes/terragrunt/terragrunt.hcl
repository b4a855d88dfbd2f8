# A unit between the one that starts the order and the one that must wait for it. `terragrunt run --all apply` stops here if the gate
# is closed: units that depend on this one are not applied.
terraform {
  source = "github.com/hwgate/terraform-provider-hwgate//examples/use-cases/02-gate-without-state"
}

dependency "deploy" {
  config_path = "../deploy"
}

inputs = {
  order_id = dependency.deploy.outputs.order_id
}
