# What wakes somebody. Each alarm says what it means and where to look; docs/operate.md has the same list.
resource "google_monitoring_notification_channel" "email" {
  for_each = toset(var.alarm_emails)

  display_name = "Tapline: ${each.value}"
  type         = "email"
  labels       = { email_address = each.value }

  depends_on = [google_project_service.api]
}

locals {
  alarm_channels = [for channel in google_monitoring_notification_channel.email : channel.id]
}

# score says so in its log whenever it scores a window of which announced packets never came (functions/src/entry/on-window.ts).
resource "google_logging_metric" "unexplained" {
  name        = "${var.prefix}/unexplained-packets"
  description = "Windows scored without all packets that their sensor announced"
  filter = join(" AND ", [
    "resource.type=\"cloud_run_revision\"",
    "resource.labels.service_name=\"${var.prefix}-score\"",
    "labels.unexplainedPackets:*",
  ])

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }

  depends_on = [google_project_service.api]
}

locals {
  alarms = {
    lag = {
      title     = "packets wait to be parsed"
      means     = "The oldest message of a topic is unacknowledged for five minutes: a function fails or its instances are used up. Look at the function's log, then at Cassandra."
      filter    = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = monitoring.regex.full_match(\"${var.prefix}-.*-push\") AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      aligner   = "ALIGN_MAX"
      above     = 300
      for       = "120s"
      log_based = false
    }
    dead_letters = {
      title     = "dead letters"
      means     = "Messages that nobody could use. `tapline dlq list` says which and why; `tapline dlq replay` sends them again."
      filter    = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"${module.policy.dead_letter_subscription}\" AND metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\""
      aligner   = "ALIGN_MAX"
      above     = 0
      for       = "0s"
      log_based = false
    }
    errors = {
      title     = "a function fails"
      means     = "A function answers with 5xx: its messages come again, and become dead letters in the end. Its log says why."
      filter    = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = monitoring.regex.full_match(\"${var.prefix}-(parse|window|score|report)\") AND metric.type = \"run.googleapis.com/request_count\" AND metric.labels.response_code_class = \"5xx\""
      aligner   = "ALIGN_RATE"
      above     = 0.1
      for       = "300s"
      log_based = false
    }
    unexplained = {
      title     = "packets are unexplained"
      means     = "A window was scored without all packets that its sensor announced. `tapline audit --on services` names the batch and the hop that lost it."
      filter    = "resource.type = \"cloud_run_revision\" AND metric.type = \"logging.googleapis.com/user/${google_logging_metric.unexplained.name}\""
      aligner   = "ALIGN_DELTA"
      above     = 0
      for       = "0s"
      log_based = true
    }
    state_busy = {
      title     = "Bigtable is busy"
      means     = "Window state takes more than 85 percent of its nodes' time although it may grow: raise bigtable_nodes.most."
      filter    = "resource.type = \"bigtable_cluster\" AND resource.labels.instance = \"${google_bigtable_instance.main.name}\" AND metric.type = \"bigtable.googleapis.com/cluster/cpu_load\""
      aligner   = "ALIGN_MEAN"
      above     = 0.85
      for       = "600s"
      log_based = false
    }
  }
}

resource "google_monitoring_alert_policy" "above" {
  for_each = local.alarms

  display_name          = "Tapline: ${each.value.title}"
  combiner              = "OR"
  notification_channels = local.alarm_channels

  documentation {
    content   = each.value.means
    mime_type = "text/markdown"
  }

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.above
      duration        = each.value.for

      aggregations {
        alignment_period   = "60s"
        per_series_aligner = each.value.aligner
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  depends_on = [google_project_service.api]
}

# Silence is no good news: every sensor says something each second, also when there are no packets.
resource "google_monitoring_alert_policy" "no_heartbeat" {
  display_name          = "Tapline: no heartbeat"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.alarm_channels

  documentation {
    content   = "No sensor has said anything for five minutes: sensor, broker or bridge is down. On the capture host: systemctl status 'tapline-*', then `tapline doctor`."
    mime_type = "text/markdown"
  }

  conditions {
    display_name = "no message on the heartbeats topic"

    condition_absent {
      filter   = "resource.type = \"pubsub_topic\" AND resource.labels.topic_id = \"${module.policy.topics.heartbeats}\" AND metric.type = \"pubsub.googleapis.com/topic/send_request_count\""
      duration = "300s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_billing_budget" "month" {
  count = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = "Tapline in ${var.project}"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      currency_code = "USD"
      units         = tostring(floor(var.budget.usd_per_month))
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  depends_on = [google_project_service.api]
}
