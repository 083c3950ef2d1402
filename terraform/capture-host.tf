# The capture host: broker, sensor and (unless it is a worker pool) the bridge, on one machine without an address outside.
data "google_compute_image" "debian" {
  family  = "debian-12"
  project = "debian-cloud"
}

# The broker's messages, the sensor's spool and recordings: on a disk that outlives the
# machine, and that nobody deletes while the machine, which is protected, uses it.
resource "google_compute_disk" "capture" {
  name = "${var.prefix}-capture"
  zone = var.zone
  type = "pd-balanced"
  size = var.capture_disk_gb

  depends_on = [google_project_service.api]
}

locals {
  # What is mirrored arrives on the host's card; what is replayed, on one end of a pair of interfaces of its own.
  capture_interface = var.mirror == null ? "tap1" : "ens4"
}

resource "google_compute_instance" "capture" {
  name                      = "${var.prefix}-capture"
  zone                      = var.zone
  machine_type              = var.machine_type
  deletion_protection       = var.protect
  allow_stopping_for_update = true
  description               = "Tapline: capture, broker, bridge"

  boot_disk {
    initialize_params {
      image = data.google_compute_image.debian.self_link
      size  = 20
      type  = "pd-balanced"
    }
  }

  attached_disk {
    source      = google_compute_disk.capture.id
    device_name = "capture"
  }

  # No access_config: no address outside.
  network_interface {
    subnetwork = google_compute_subnetwork.main.id
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  service_account {
    email = google_service_account.this["sensor"].email
    # Rights are the account's roles; scopes are the older way and only stand in their way.
    scopes = ["cloud-platform"]
  }

  metadata = {
    enable-oslogin         = "TRUE"
    block-project-ssh-keys = "TRUE"
    serial-port-enable     = "FALSE"
  }

  metadata_startup_script = templatefile("${path.module}/startup/capture-host.sh", {
    archive        = "gs://${google_storage_bucket.source.name}/${google_storage_bucket_object.sensor.name}"
    archive_sha256 = filesha256(var.sensor_archive)
    broker_port    = local.broker_port
    health_port    = local.health_port
    interface      = local.capture_interface
    is_mirror      = var.mirror != null
    project        = var.project
    prefix         = var.prefix
    runs_bridge    = var.bridge_on == "host"
    capture        = local.record_options
    cassandra = var.record == null ? {} : {
      TAPLINE_CASSANDRA_CONTACT_POINTS = join(",", var.cassandra.contact_points)
      TAPLINE_CASSANDRA_DATACENTER     = var.cassandra.datacenter
      TAPLINE_CASSANDRA_KEYSPACE       = var.cassandra.keyspace
      TAPLINE_CASSANDRA_USERNAME       = coalesce(var.record.username, var.cassandra.username)
      TAPLINE_ASTRA_BUNDLE             = var.astra_bundle_secret == null ? "" : "/etc/tapline/bundle.zip"
    }
    secrets       = local.record_secrets
    sensor        = var.sensors[0]
    serves_broker = length(local.broker_clients) > 0
  })

  # What its start-up script asks for.
  depends_on = [google_secret_manager_secret_iam_member.recorder, google_storage_bucket_iam_member.reader]
}
