# The whole deployment, planned with mocked providers: expressions, types, conditions. Nothing reaches a cloud.
mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_resource "google_service_account" {
    defaults = { email = "account@tapline-test.iam.gserviceaccount.com", member = "serviceAccount:account@tapline-test.iam.gserviceaccount.com" }
  }
}
mock_provider "google-beta" {}
mock_provider "archive" {}

variables {
  project        = "tapline-test"
  sensor_archive = "tests/deployment.tftest.hcl"
}

run "small_by_default" {
  assert {
    condition     = google_compute_instance.capture.machine_type == "e2-standard-2" && google_bigtable_instance.main.cluster[0].autoscaling_config[0].min_nodes == 1
    error_message = "the defaults are not small"
  }
  assert {
    condition     = length(google_compute_packet_mirroring.this) + length(google_dataflow_flex_template_job.line) + length(google_cloud_run_v2_worker_pool.bridge) + length(google_vpc_access_connector.functions) + length(google_billing_budget.month) + length(google_storage_bucket.record) == 0
    error_message = "something is made that nobody asked for"
  }
  assert {
    condition     = length(google_compute_firewall.broker) == 0 && length(google_compute_network_firewall_policy_rule.packages) == 0
    error_message = "something is open that nobody asked for"
  }
}

run "nobody_reaches_a_function_who_is_not_named" {
  assert {
    condition     = [for name, function in google_cloudfunctions2_function.this : name if function.service_config[0].ingress_settings != "ALLOW_INTERNAL_ONLY"] == ["report"]
    error_message = "a function other than the report is reached from outside"
  }
  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.report) + length(google_cloud_run_v2_service_iam_member.report_with_sign_in) == 0
    error_message = "somebody may read the report who was not named"
  }
  assert {
    condition     = keys(google_cloud_run_v2_service_iam_member.push) == ["parse", "score", "window"]
    error_message = "the push account may call something else"
  }
}

run "pushes_are_signed_and_end_as_dead_letters" {
  assert {
    condition     = alltrue([for push in google_pubsub_subscription.push : length(push.push_config[0].oidc_token) == 1 && push.dead_letter_policy[0].max_delivery_attempts == 20 && push.expiration_policy[0].ttl == ""])
    error_message = "a push is unsigned, has no dead letters, or expires"
  }
  assert {
    condition     = { for kind, push in google_pubsub_subscription.push : kind => push.name } == { packets = "tapline-packets-push", heartbeats = "tapline-heartbeats-push", windows = "tapline-windows-push" }
    error_message = "a subscription has another name than the code's"
  }
}

run "no_plan_holds_a_secret" {
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : !contains(keys(function.service_config[0].environment_variables), "TAPLINE_CASSANDRA_PASSWORD")])
    error_message = "the password is a plain variable"
  }
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : [for secret in function.service_config[0].secret_environment_variables : secret.key] == ["TAPLINE_CASSANDRA_PASSWORD"]])
    error_message = "the password does not come from Secret Manager"
  }
}

run "the_start_up_script_captures_what_is_replayed" {
  assert {
    condition     = strcontains(google_compute_instance.capture.metadata_startup_script, "tapline-capture@tap1' tapline-bridge") && !strcontains(google_compute_instance.capture.metadata_startup_script, "tapline-health")
    error_message = "the start-up script sets up something else"
  }
}

run "mirroring_has_a_collector_that_captures_its_card" {
  variables {
    mirror = { tags = ["web"], ranges = ["10.40.0.0/16"] }
  }
  assert {
    condition     = google_compute_forwarding_rule.collector[0].is_mirroring_collector && one(google_compute_packet_mirroring.this).mirrored_resources[0].tags[0] == "web"
    error_message = "what is mirrored does not arrive"
  }
  assert {
    condition     = strcontains(google_compute_instance.capture.metadata_startup_script, "tapline-capture@ens4") && google_compute_firewall.mirrored[0].source_ranges == toset(["10.40.0.0/16"])
    error_message = "the host does not capture what is mirrored"
  }
}

run "packets_behind_alerts_are_kept_in_a_bucket_of_their_own" {
  variables {
    record = {
      keep_days = 90
      kms_key   = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
      readers   = ["group:soc@example.org"]
      database  = { hosts = ["db.example.org"], ports = ["29042", "29080"] }
      username  = "reader"
    }
  }
  assert {
    condition     = google_storage_bucket.record[0].public_access_prevention == "enforced" && google_storage_bucket.record[0].uniform_bucket_level_access && one(one(google_storage_bucket.record[0].lifecycle_rule).condition).age == 90 && google_storage_bucket.record[0].encryption[0].default_kms_key_name == "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k" && !google_storage_bucket.record[0].force_destroy
    error_message = "the packets are open, kept for ever, or not under the key"
  }
  assert {
    condition     = keys(google_storage_bucket_iam_member.recorder) == ["roles/storage.objectCreator", "roles/storage.objectViewer"] && keys(google_storage_bucket_iam_member.record_reader) == ["group:soc@example.org"]
    error_message = "somebody may do more with the packets than add or read"
  }
  assert {
    condition     = strcontains(google_compute_instance.capture.metadata_startup_script, "TAPLINE_CAPTURE_OPTIONS=\"--record /var/lib/tapline/record --record-size 20G --mark-alerts --record-bucket gs://tapline-test-tapline-record/tapline\"\n") && strcontains(google_compute_instance.capture.metadata_startup_script, "TAPLINE_CASSANDRA_USERNAME=reader\n") && strcontains(google_compute_instance.capture.metadata_startup_script, "--secret='tapline-cassandra-password'")
    error_message = "the sensor does not record, or does not learn of alerts"
  }
  assert {
    condition     = keys(google_secret_manager_secret_iam_member.recorder) == ["bundle", "password"] && google_compute_network_firewall_policy_rule.database[0].match[0].dest_fqdns == tolist(["db.example.org"]) && length(google_compute_firewall.to_database) == 0
    error_message = "the sensor does not reach the database"
  }
}

run "a_database_in_the_network_is_reached_by_its_range" {
  variables {
    record = { database = { ranges = ["10.50.0.0/24"] } }
  }
  assert {
    condition     = google_compute_firewall.to_database[0].destination_ranges == toset(["10.50.0.0/24"]) && length(google_compute_network_firewall_policy_rule.database) == 0 && length(google_storage_bucket.record[0].encryption) == 0
    error_message = "the sensor does not reach the database, or more than that"
  }
}

run "a_record_that_everybody_reads_is_refused" {
  command = plan
  variables {
    record = { database = { ranges = ["10.50.0.0/24"] }, readers = ["allUsers"] }
  }
  expect_failures = [var.record]
}

run "a_record_that_never_learns_of_alerts_is_refused" {
  command = plan
  variables {
    record = { database = {} }
  }
  expect_failures = [var.record]
}

run "the_bridge_as_a_worker_pool" {
  variables {
    bridge_on    = "worker-pool"
    bridge_image = "us-docker.pkg.dev/p/r/tapline@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  }
  assert {
    condition     = length(google_cloud_run_v2_worker_pool.bridge) == 1 && google_compute_firewall.broker[0].source_ranges == toset(["10.20.0.0/24"])
    error_message = "the worker pool does not reach the broker, or somebody else does"
  }
  assert {
    condition     = !strcontains(google_compute_instance.capture.metadata_startup_script, "tapline-bridge") && strcontains(google_compute_instance.capture.metadata_startup_script, "EXTERNAL:PLAINTEXT")
    error_message = "the capture host still runs the bridge, or its broker does not listen"
  }
}

run "a_cluster_of_ones_own" {
  variables {
    cassandra            = { contact_points = ["10.50.0.4:9042"], username = "tapline" }
    astra_bundle_secret  = null
    cassandra_in_network = true
  }
  assert {
    condition     = google_cloudfunctions2_function.this["parse"].service_config[0].environment_variables.TAPLINE_CASSANDRA_CONTACT_POINTS == "10.50.0.4:9042" && length(google_cloudfunctions2_function.this["parse"].service_config[0].secret_volumes) == 0
    error_message = "the functions look for another database"
  }
}

run "what_may_be_destroyed_is_said_first" {
  variables {
    protect = false
  }
  assert {
    condition     = !google_bigtable_instance.main.deletion_protection && google_bigtable_table.windows.deletion_protection == "UNPROTECTED" && !google_compute_instance.capture.deletion_protection
    error_message = "protect = false does not lift the protection"
  }
}

run "the_report_is_open_to_everybody_only_behind_its_sign_in" {
  variables {
    sign_in  = { api_key = "AIzaSyExampleExampleExampleExample" }
    settings = { TAPLINE_AUTH = "none" }
  }
  assert {
    condition     = google_cloud_run_v2_service_iam_member.report_with_sign_in[0].member == "allUsers" && google_cloud_run_v2_service_iam_member.report_with_sign_in[0].name == "tapline-report"
    error_message = "Firebase Hosting does not reach the report"
  }
  assert {
    condition     = { for name, function in google_cloudfunctions2_function.this : name => function.service_config[0].environment_variables["TAPLINE_AUTH"] } == { parse = "none", report = "firebase", score = "none", window = "none" }
    error_message = "the report asks nobody to sign in"
  }
  assert {
    condition     = google_cloudfunctions2_function.this["report"].service_config[0].environment_variables["TAPLINE_FIREBASE_PROJECT"] == "tapline-test"
    error_message = "accounts of another project sign in"
  }
}

run "everything_at_once" {
  variables {
    dataflow       = { template = "gs://bucket/templates/kpis.json", parameters = { brokers = "10.0.0.2:9094", sensors = "instance-1", group = "tapline-kpis", output = "gs://bucket/kpis/row-" } }
    budget         = { billing_account = "000000-000000-000000", usd_per_month = 700 }
    alarm_emails   = ["soc@example.org"]
    operators      = ["group:soc@example.org"]
    report_readers = ["group:soc@example.org"]
    sensor_ranges  = ["10.30.0.0/16"]
    package_hosts  = ["mirror.example.org"]
    settings       = { TAPLINE_ROWS_PER_SECOND = "0" }
  }
  assert {
    condition     = length(google_monitoring_alert_policy.above) == 5 && length(google_monitoring_alert_policy.no_heartbeat.notification_channels) == 1
    error_message = "alarms are missing, or nobody hears them"
  }
  assert {
    condition     = length(jsondecode(google_monitoring_dashboard.line.dashboard_json).mosaicLayout.tiles) == 8
    error_message = "the dashboard lacks a chart"
  }
}

run "dataflow_reaches_the_broker_and_finds_its_images" {
  variables {
    dataflow = { template = "gs://bucket/templates/kpis.json" }
  }
  assert {
    condition     = google_compute_firewall.to_broker[0].destination_ranges == toset(["10.20.0.0/24"]) && google_compute_firewall.broker[0].source_ranges == toset(["10.20.0.0/24"])
    error_message = "its workers do not reach the broker"
  }
  assert {
    condition     = google_dns_record_set.gcr.name == "gcr.io." && length(google_dns_record_set.gcr.rrdatas) == 4
    error_message = "its workers find no image"
  }
}

run "a_secret_among_the_settings_is_refused" {
  command = plan
  variables {
    settings = { TAPLINE_CASSANDRA_PASSWORD = "x" }
  }
  expect_failures = [var.settings]
}

run "a_bundle_and_contact_points_together_are_refused" {
  command = plan
  variables {
    cassandra = { contact_points = ["10.50.0.4:9042"] }
  }
  expect_failures = [var.astra_bundle_secret]
}

run "everybody_as_a_reader_is_refused" {
  command = plan
  variables {
    report_readers = ["allUsers"]
  }
  expect_failures = [var.report_readers]
}

run "a_worker_pool_without_an_image_is_refused" {
  command = plan
  variables {
    bridge_on = "worker-pool"
  }
  expect_failures = [var.bridge_image]
}
