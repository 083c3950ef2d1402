# Runs anywhere: terraform -chdir=terraform/modules/policy init && terraform -chdir=terraform/modules/policy test

variables {
  prefix         = "tapline"
  sensors        = ["instance-1"]
  private_ranges = { subnet = { cidr = "10.20.0.0/24", longest_prefix = 26 } }
  source_ranges  = { sensors = ["10.30.0.0/16"] }
}

run "names_are_those_that_the_code_reads" {
  assert {
    condition     = output.topics["dead-letters"] == "tapline-dead-letters" && output.pushes.packets.subscription == "tapline-packets-push"
    error_message = "topics and subscriptions are named otherwise than in core/src/settings/topics.ts"
  }
  assert {
    condition     = output.dead_letter_subscription == "tapline-dead-letters-pull"
    error_message = "dead letters are read from another subscription than the code's"
  }
}

run "every_account_has_a_name_that_the_cloud_takes" {
  variables {
    prefix = "a-prefix-of-twenty-c"
  }
  assert {
    condition     = alltrue([for id in values(output.account_ids) : length(id) >= 6 && length(id) <= 30])
    error_message = "account names have 6 to 30 characters"
  }
}

run "no_role_is_a_primitive_or_an_administrators" {
  assert {
    condition     = alltrue([for right in values(output.project_roles) : !can(regex("^roles/(owner|editor|viewer)$|[aA]dmin|\\*", right.role))])
    error_message = "a role on the project is wider than anything here needs"
  }
}

run "only_the_report_is_reached_from_outside" {
  assert {
    condition     = [for name, function in output.functions : name if function.is_public] == ["report"]
    error_message = "a function that takes pushes is public"
  }
}

run "the_report_publishes_nothing_and_has_no_window_state" {
  assert {
    condition     = output.functions.report.publishes == [] && !output.functions.report.state
    error_message = "the report only reads Cassandra"
  }
}

run "an_open_range_is_refused" {
  command = plan
  variables {
    source_ranges = { sensors = ["0.0.0.0/0"] }
  }
  expect_failures = [var.source_ranges]
}

run "half_of_the_internet_is_refused" {
  command = plan
  variables {
    source_ranges = { sensors = ["128.0.0.0/1"] }
  }
  expect_failures = [var.source_ranges]
}

run "every_address_of_version_six_is_refused" {
  command = plan
  variables {
    source_ranges = { sensors = ["::/0"] }
  }
  expect_failures = [var.source_ranges]
}

run "what_is_no_range_is_refused" {
  command = plan
  variables {
    source_ranges = { sensors = ["10.0.0.1"] }
  }
  expect_failures = [var.source_ranges]
}

run "a_public_range_of_our_own_is_refused" {
  command = plan
  variables {
    private_ranges = { subnet = { cidr = "8.8.8.0/24", longest_prefix = 26 } }
  }
  expect_failures = [var.private_ranges]
}

run "a_subnet_that_is_too_small_is_refused" {
  command = plan
  variables {
    private_ranges = { subnet = { cidr = "10.20.0.0/28", longest_prefix = 26 } }
  }
  expect_failures = [var.private_ranges]
}

run "a_prefix_that_the_cloud_would_refuse_is_refused" {
  command = plan
  variables {
    prefix = "Tapline"
  }
  expect_failures = [var.prefix]
}

run "a_sensor_with_a_comma_is_refused" {
  command = plan
  variables {
    sensors = ["one,two"]
  }
  expect_failures = [var.sensors]
}
