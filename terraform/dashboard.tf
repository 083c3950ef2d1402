# One page to look at: the line from left to right, a chart per hop.
locals {
  subscriptions = "resource.type=\"pubsub_subscription\" resource.labels.subscription_id=monitoring.regex.full_match(\"${var.prefix}-.*\")"
  services      = "resource.type=\"cloud_run_revision\" resource.labels.service_name=monitoring.regex.full_match(\"${var.prefix}-.*\")"

  charts = [
    { title = "Published, messages/s by topic", filter = "resource.type=\"pubsub_topic\" resource.labels.topic_id=monitoring.regex.full_match(\"${var.prefix}-.*\") metric.type=\"pubsub.googleapis.com/topic/send_message_operation_count\"", aligner = "ALIGN_RATE", by = "resource.label.topic_id" },
    { title = "Oldest message that waits, s", filter = "${local.subscriptions} metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\"", aligner = "ALIGN_MAX", by = "resource.label.subscription_id" },
    { title = "Messages that wait", filter = "${local.subscriptions} metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\"", aligner = "ALIGN_MAX", by = "resource.label.subscription_id" },
    { title = "Requests/s by function", filter = "${local.services} metric.type=\"run.googleapis.com/request_count\"", aligner = "ALIGN_RATE", by = "resource.label.service_name" },
    { title = "Instances by function", filter = "${local.services} metric.type=\"run.googleapis.com/container/instance_count\"", aligner = "ALIGN_MAX", by = "resource.label.service_name" },
    { title = "Answers with 5xx/s", filter = "${local.services} metric.type=\"run.googleapis.com/request_count\" metric.labels.response_code_class=\"5xx\"", aligner = "ALIGN_RATE", by = "resource.label.service_name" },
    { title = "Windows with unexplained packets", filter = "resource.type=\"cloud_run_revision\" metric.type=\"logging.googleapis.com/user/${google_logging_metric.unexplained.name}\"", aligner = "ALIGN_DELTA", by = "resource.label.service_name" },
    { title = "Bigtable: share of the nodes' time", filter = "resource.type=\"bigtable_cluster\" resource.labels.instance=\"${google_bigtable_instance.main.name}\" metric.type=\"bigtable.googleapis.com/cluster/cpu_load\"", aligner = "ALIGN_MEAN", by = "resource.label.cluster" },
  ]
}

resource "google_monitoring_dashboard" "line" {
  dashboard_json = jsonencode({
    displayName = "Tapline (${var.prefix})"
    mosaicLayout = {
      columns = 48
      tiles = [for n, chart in local.charts : {
        xPos   = (n % 2) * 24
        yPos   = floor(n / 2) * 16
        width  = 24
        height = 16
        widget = {
          title = chart.title
          xyChart = {
            dataSets = [{
              plotType = "LINE"
              timeSeriesQuery = {
                timeSeriesFilter = {
                  filter = chart.filter
                  aggregation = {
                    alignmentPeriod    = "60s"
                    perSeriesAligner   = chart.aligner
                    crossSeriesReducer = chart.aligner == "ALIGN_MAX" ? "REDUCE_MAX" : "REDUCE_SUM"
                    groupByFields      = [chart.by]
                  }
                }
              }
            }]
          }
        }
      }]
    }
  })

  depends_on = [google_project_service.api]
}
