output "topics" {
  description = "Names of the Pub/Sub topics by kind."
  value       = local.topics
}

output "pushes" {
  description = "By kind of topic: the subscription that pushes it, and the function it is pushed to."
  value       = local.pushes
}

output "dead_letter_subscription" {
  description = "The subscription from which `tapline dlq` takes dead letters."
  value       = "${local.topics["dead-letters"]}-pull"
}

output "functions" {
  description = "The functions by name: whether they use window state, which topics they publish to, whether they may be reached from outside."
  value       = local.functions
}

output "accounts" {
  description = "The service accounts by name: what for, and which roles on the project."
  value       = local.accounts
}

output "account_ids" {
  description = "Account names as the cloud has them, by name."
  value       = { for name in keys(local.accounts) : name => "${var.prefix}-${name}" }
}

output "publishers" {
  description = "Who may publish to what, one entry per right: account and kind of topic."
  value       = local.publishers
}

output "project_roles" {
  description = "Roles on the whole project, one entry per right: account and role."
  value       = local.project_roles
}

output "sensors" {
  description = "The sensors as the functions read them (TAPLINE_SENSORS)."
  value       = join(",", var.sensors)
}

output "google_ranges" {
  description = "Ranges of Google's own that are let in or out: tunnels of IAP, health checks, private access to the APIs."
  value = {
    iap           = ["35.235.240.0/20"]
    health_checks = ["35.191.0.0/16", "130.211.0.0/22"]
    private_apis  = ["199.36.153.8/30"]
  }
}

output "source_ranges" {
  description = "The ranges that were given, checked."
  value       = var.source_ranges
}

output "private_ranges" {
  description = "The ranges of our own, checked."
  value       = { for use, range in var.private_ranges : use => range.cidr }
}
