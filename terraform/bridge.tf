# The bridge as a worker pool, for those who want it off the capture host. It takes no requests: it reads from the broker.
resource "google_cloud_run_v2_worker_pool" "bridge" {
  count = var.bridge_on == "worker-pool" ? 1 : 0

  name                = "${var.prefix}-bridge"
  location            = var.region
  description         = "Tapline: Kafka to Pub/Sub"
  deletion_protection = var.protect

  scaling {
    manual_instance_count = 1
  }

  template {
    service_account = google_service_account.this["bridge"].email

    containers {
      image = var.bridge_image
      args  = ["bridge"]

      env {
        name  = "GOOGLE_CLOUD_PROJECT"
        value = var.project
      }
      env {
        name  = "TAPLINE_TOPIC_PREFIX"
        value = var.prefix
      }
      env {
        name  = "TAPLINE_KAFKA_BROKERS"
        value = "${google_compute_instance.capture.network_interface[0].network_ip}:${local.broker_port}"
      }

      resources {
        limits = { cpu = "1", memory = "512Mi" }
      }
    }

    vpc_access {
      egress = "ALL_TRAFFIC"
      network_interfaces {
        network    = google_compute_network.main.name
        subnetwork = google_compute_subnetwork.main.name
      }
    }
  }

  depends_on = [google_project_service.api, google_pubsub_topic_iam_member.publisher]
}
