# A real network's packets: mirrored to the capture host, which stands behind an internal load balancer as the collector.
resource "google_compute_instance_group" "collector" {
  count = var.mirror == null ? 0 : 1

  name      = "${var.prefix}-collector"
  zone      = var.zone
  instances = [google_compute_instance.capture.self_link]
}

resource "google_compute_region_health_check" "collector" {
  count = var.mirror == null ? 0 : 1

  name   = "${var.prefix}-collector"
  region = var.region

  tcp_health_check {
    port = local.health_port
  }
}

resource "google_compute_region_backend_service" "collector" {
  count = var.mirror == null ? 0 : 1

  name                  = "${var.prefix}-collector"
  region                = var.region
  protocol              = "TCP"
  load_balancing_scheme = "INTERNAL"
  health_checks         = [google_compute_region_health_check.collector[0].id]

  backend {
    group          = google_compute_instance_group.collector[0].id
    balancing_mode = "CONNECTION"
  }
}

resource "google_compute_forwarding_rule" "collector" {
  count = var.mirror == null ? 0 : 1

  name                   = "${var.prefix}-collector"
  region                 = var.region
  load_balancing_scheme  = "INTERNAL"
  is_mirroring_collector = true
  ip_protocol            = "TCP"
  all_ports              = true
  backend_service        = google_compute_region_backend_service.collector[0].id
  network                = google_compute_network.main.id
  subnetwork             = google_compute_subnetwork.main.id
}

resource "google_compute_packet_mirroring" "this" {
  count = var.mirror == null ? 0 : 1

  name        = var.prefix
  region      = var.region
  description = "What the sensor ${var.sensors[0]} sees"

  network {
    url = google_compute_network.main.id
  }

  collector_ilb {
    url = google_compute_forwarding_rule.collector[0].id
  }

  mirrored_resources {
    tags = var.mirror.tags

    dynamic "subnetworks" {
      for_each = var.mirror.subnetworks
      content {
        url = subnetworks.value
      }
    }
  }

  filter {
    cidr_ranges = module.policy.source_ranges.mirrored
    direction   = "BOTH"
  }
}
