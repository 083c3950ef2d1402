# Nothing comes in but what is named here, and nothing goes out either. No rule that allows names an open range; the one
# that denies needs no range, because it is for all of them.
locals {
  broker_port = 9094
  health_port = 9100
  # Whoever is on other hosts than the broker.
  broker_clients = concat(
    module.policy.source_ranges.sensors,
    var.bridge_on == "worker-pool" || var.dataflow != null ? [module.policy.private_ranges.subnet] : [],
  )
}

resource "google_compute_firewall" "ssh_through_iap" {
  name        = "${var.prefix}-ssh-through-iap"
  network     = google_compute_network.main.id
  description = "Log in through the identity-aware proxy, and no other way."
  direction   = "INGRESS"

  source_ranges           = module.policy.google_ranges.iap
  target_service_accounts = [google_service_account.this["sensor"].email]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}

resource "google_compute_firewall" "broker" {
  count = length(local.broker_clients) > 0 ? 1 : 0

  name        = "${var.prefix}-broker"
  network     = google_compute_network.main.id
  description = "Sensors, bridge and Dataflow on other hosts reach the broker."
  direction   = "INGRESS"

  source_ranges           = local.broker_clients
  target_service_accounts = [google_service_account.this["sensor"].email]

  allow {
    protocol = "tcp"
    ports    = [local.broker_port]
  }
}

resource "google_compute_firewall" "mirrored" {
  count = var.mirror == null ? 0 : 1

  name        = "${var.prefix}-mirrored"
  network     = google_compute_network.main.id
  description = "Mirrored packets arrive with the addresses that they had."
  direction   = "INGRESS"

  source_ranges           = module.policy.source_ranges.mirrored
  target_service_accounts = [google_service_account.this["sensor"].email]

  allow {
    protocol = "all"
  }
}

resource "google_compute_firewall" "health_checks" {
  count = var.mirror == null ? 0 : 1

  name        = "${var.prefix}-health-checks"
  network     = google_compute_network.main.id
  description = "The load balancer in front of the collector asks whether it is there."
  direction   = "INGRESS"

  source_ranges           = module.policy.google_ranges.health_checks
  target_service_accounts = [google_service_account.this["sensor"].email]

  allow {
    protocol = "tcp"
    ports    = [local.health_port]
  }
}

resource "google_compute_firewall" "to_google" {
  name        = "${var.prefix}-to-google"
  network     = google_compute_network.main.id
  description = "Google's APIs by their private addresses: Pub/Sub, storage, logging."
  direction   = "EGRESS"
  priority    = 900

  destination_ranges = module.policy.google_ranges.private_apis

  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}

resource "google_compute_firewall" "to_broker" {
  count = var.bridge_on == "worker-pool" || var.dataflow != null ? 1 : 0

  name        = "${var.prefix}-to-broker"
  network     = google_compute_network.main.id
  description = "The bridge as a worker pool, and Dataflow, reach the broker."
  direction   = "EGRESS"
  priority    = 900

  destination_ranges = [module.policy.private_ranges.subnet]

  allow {
    protocol = "tcp"
    ports    = [local.broker_port]
  }
}

resource "google_compute_firewall" "nothing_out" {
  name        = "${var.prefix}-nothing-out"
  network     = google_compute_network.main.id
  description = "Whatever is not allowed above stays inside."
  direction   = "EGRESS"
  priority    = 65000

  target_service_accounts = [for name in ["sensor", "bridge", "dataflow"] : google_service_account.this[name].email]

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

# Packages by the name of the host they come from; addresses of such hosts change all the time.
resource "google_compute_network_firewall_policy" "packages" {
  name        = "${var.prefix}-packages"
  description = "Where the capture host may fetch packages from"
}

resource "google_compute_network_firewall_policy_association" "packages" {
  name              = "${var.prefix}-packages"
  firewall_policy   = google_compute_network_firewall_policy.packages.name
  attachment_target = google_compute_network.main.id
}

resource "google_compute_network_firewall_policy_rule" "packages" {
  count = length(var.package_hosts) > 0 ? 1 : 0

  firewall_policy         = google_compute_network_firewall_policy.packages.name
  rule_name               = "packages"
  description             = "The hosts of package_hosts"
  priority                = 1000
  direction               = "EGRESS"
  action                  = "allow"
  enable_logging          = true
  target_service_accounts = [google_service_account.this["sensor"].email]

  match {
    dest_fqdns = var.package_hosts

    layer4_configs {
      ip_protocol = "tcp"
      ports       = ["80", "443"]
    }
  }
}
