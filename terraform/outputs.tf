# What to do next, in the order of docs/deploy.md.
output "next_steps" {
  description = "Commands that follow, ready to paste."
  value       = <<-EOT
    Watch the capture host set itself up (the last line says that it is):
      gcloud compute ssh ${google_compute_instance.capture.name} --project=${var.project} --zone=${var.zone} --tunnel-through-iap --command="sudo journalctl -f -u google-startup-scripts"
    Replay a capture through it${var.mirror == null ? "" : " (not now: it captures what is mirrored)"}:
      gcloud compute ssh ${google_compute_instance.capture.name} --project=${var.project} --zone=${var.zone} --tunnel-through-iap --command="zstd -dc /opt/tapline/captures/office-under-attack.pcap.zst | sudo tcpreplay -i tap0 -"
    Make the tables of Cassandra, once the database's login is in the environment:
      npx tapline migrate
    Read the report${var.sign_in == null ? "" : ", which Firebase Hosting serves after firebase deploy, or"}:
      gcloud run services proxy ${google_cloudfunctions2_function.this["report"].name} --project=${var.project} --region=${var.region} --port=8081
  EOT
}

output "report_url" {
  description = "Address of the report function. It answers those of report_readers, and whoever signed in where sign_in is set."
  value       = google_cloudfunctions2_function.this["report"].service_config[0].uri
}

output "report_service" {
  description = "Name of the report function's service: serviceId of the rewrite in firebase.json."
  value       = google_cloudfunctions2_function.this["report"].name
}

output "topics" {
  description = "The Pub/Sub topics by kind."
  value       = module.policy.topics
}

output "dead_letters" {
  description = "The subscription that `tapline dlq` reads."
  value       = google_pubsub_subscription.dead_letters.name
}

output "dashboard" {
  description = "Where to look."
  value       = "https://console.cloud.google.com/monitoring/dashboards?project=${var.project}"
}

output "broker" {
  description = "What sensors on other hosts set TAPLINE_KAFKA_BROKERS to; null when the broker is the capture host's alone."
  value       = length(local.broker_clients) > 0 ? "${google_compute_instance.capture.network_interface[0].network_ip}:${local.broker_port}" : null
}
