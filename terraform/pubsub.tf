# The topics, their direct pushes, and the dead letters. The same names and the same rules as adapters/pubsub/topology.ts
# makes in the emulator; test/terraform compares them.
resource "google_pubsub_topic" "this" {
  for_each = module.policy.topics

  name                       = each.value
  message_retention_duration = "604800s"

  # What is captured stays in its region.
  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.api]
}

resource "google_pubsub_subscription" "push" {
  for_each = module.policy.pushes

  name  = each.value.subscription
  topic = google_pubsub_topic.this[each.key].id

  # Also the time limit of the push request.
  ack_deadline_seconds       = 60
  message_retention_duration = "604800s"

  push_config {
    # The service's own address counts as internal for Pub/Sub of the same project; the function's other one does not.
    push_endpoint = google_cloudfunctions2_function.this[each.value.function].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.this["push"].email
      audience              = google_cloudfunctions2_function.this[each.value.function].service_config[0].uri
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.this["dead-letters"].id
    max_delivery_attempts = 20
  }

  # A weekend without packets is no reason to vanish.
  expiration_policy {
    ttl = ""
  }
}

# Dead letters without a subscription would be lost.
resource "google_pubsub_subscription" "dead_letters" {
  name  = module.policy.dead_letter_subscription
  topic = google_pubsub_topic.this["dead-letters"].id

  ack_deadline_seconds       = 60
  message_retention_duration = "604800s"

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = module.policy.publishers

  topic  = google_pubsub_topic.this[each.value.kind].id
  role   = "roles/pubsub.publisher"
  member = google_service_account.this[each.value.account].member
}

# Pub/Sub itself moves what was delivered too often: it takes it from the subscription and puts it on the other topic.
locals {
  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_pubsub_topic_iam_member" "dead_letters_by_pubsub" {
  topic  = google_pubsub_topic.this["dead-letters"].id
  role   = "roles/pubsub.publisher"
  member = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "taken_by_pubsub" {
  for_each = google_pubsub_subscription.push

  subscription = each.value.id
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}
