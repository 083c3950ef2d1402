# What a deployment may be called, where it may listen and who may do what: decided in one place, and tested without a cloud.
locals {
  private = "^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)"

  # As core/src/settings/topics.ts makes them.
  topics = { for kind in ["packets", "heartbeats", "windows", "dead-letters"] : kind => "${var.prefix}-${kind}" }

  # Which function a topic is pushed to.
  pushes = {
    packets    = { function = "parse", subscription = "${var.prefix}-packets-push" }
    heartbeats = { function = "window", subscription = "${var.prefix}-heartbeats-push" }
    windows    = { function = "score", subscription = "${var.prefix}-windows-push" }
  }

  functions = {
    parse  = { state = true, publishes = ["windows", "dead-letters"], is_public = false }
    window = { state = true, publishes = ["windows", "dead-letters"], is_public = false }
    score  = { state = true, publishes = ["dead-letters"], is_public = false }
    report = { state = false, publishes = [], is_public = true }
  }

  # One account for each thing that runs, and what it may do: on the project only what exists nowhere smaller.
  accounts = merge(
    {
      sensor = {
        purpose       = "the capture host: sensor, broker and bridge"
        project_roles = ["roles/logging.logWriter", "roles/monitoring.metricWriter"]
        publishes     = ["packets", "heartbeats", "dead-letters"]
      }
      bridge = {
        purpose       = "the bridge as a worker pool"
        project_roles = []
        publishes     = ["packets", "heartbeats", "dead-letters"]
      }
      push     = { purpose = "signs the pushes of Pub/Sub", project_roles = [], publishes = [] }
      sweep    = { purpose = "signs the calls of the timer", project_roles = [], publishes = [] }
      build    = { purpose = "builds the functions", project_roles = ["roles/logging.logWriter"], publishes = [] }
      dataflow = { purpose = "the workers of Dataflow", project_roles = ["roles/dataflow.worker"], publishes = ["packets", "heartbeats", "dead-letters"] }
    },
    { for name, function in local.functions : name => {
      purpose       = "the function ${name}"
      project_roles = []
      publishes     = function.publishes
    } },
  )

  publishers = { for pair in flatten([
    for account, rule in local.accounts : [for kind in rule.publishes : { account = account, kind = kind }]
  ]) : "${pair.account}/${pair.kind}" => pair }

  project_roles = { for pair in flatten([
    for account, rule in local.accounts : [for role in rule.project_roles : { account = account, role = role }]
  ]) : "${pair.account}/${pair.role}" => pair }
}
