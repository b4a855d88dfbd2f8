// Package acceptance is tests alone: they run the real Terraform or OpenTofu on published and other configurations, and look at what the
// harness of internal/provider does not show: modes of the CLI, interrupts, saved plans, actions, logs of processes.
package acceptance
