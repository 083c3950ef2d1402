# One private subnet. Nothing in it has an address outside; what goes out to install packages goes through NAT, and
# Google's APIs are reached by their private addresses.
resource "google_compute_network" "main" {
  name                    = var.prefix
  auto_create_subnetworks = false
  # Rules by host name (firewall.tf) come before those that close everything.
  network_firewall_policy_enforcement_order = "BEFORE_CLASSIC_FIREWALL"

  depends_on = [google_project_service.api]
}

resource "google_compute_subnetwork" "main" {
  name                     = var.prefix
  network                  = google_compute_network.main.id
  region                   = var.region
  ip_cidr_range            = module.policy.private_ranges.subnet
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.1
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_router" "main" {
  name    = var.prefix
  network = google_compute_network.main.id
  region  = var.region
}

resource "google_compute_router_nat" "main" {
  name                               = var.prefix
  router                             = google_compute_router.main.name
  region                             = var.region
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = google_compute_subnetwork.main.id
    source_ip_ranges_to_nat = ["PRIMARY_IP_RANGE"]
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

# Names of Google's APIs lead to the private addresses, which are let out (firewall.tf) and never leave Google's network.
resource "google_dns_managed_zone" "apis" {
  for_each = toset(["gcr.io", "googleapis.com", "pkg.dev", "run.app"])

  name        = "${var.prefix}-${replace(each.value, ".", "-")}"
  dns_name    = "${each.value}."
  description = "Private addresses of ${each.value}"
  visibility  = "private"

  private_visibility_config {
    networks {
      network_url = google_compute_network.main.id
    }
  }

  depends_on = [google_project_service.api]
}

locals {
  # private.googleapis.com: the four addresses of its range.
  private_api_addresses = [for n in range(4) : cidrhost(module.policy.google_ranges.private_apis[0], n)]
}

resource "google_dns_record_set" "apis" {
  for_each = google_dns_managed_zone.apis

  managed_zone = each.value.name
  name         = "*.${each.value.dns_name}"
  type         = "A"
  ttl          = 300
  rrdatas      = local.private_api_addresses
}

# The images of Dataflow's workers come from gcr.io itself.
resource "google_dns_record_set" "gcr" {
  managed_zone = google_dns_managed_zone.apis["gcr.io"].name
  name         = google_dns_managed_zone.apis["gcr.io"].dns_name
  type         = "A"
  ttl          = 300
  rrdatas      = local.private_api_addresses
}

# The functions' way into the network, for a Cassandra that is reached through it.
resource "google_vpc_access_connector" "functions" {
  count = var.cassandra_in_network ? 1 : 0

  name          = var.prefix
  region        = var.region
  network       = google_compute_network.main.name
  ip_cidr_range = module.policy.private_ranges.connector
  machine_type  = "e2-micro"
  min_instances = 2
  max_instances = 3
}
