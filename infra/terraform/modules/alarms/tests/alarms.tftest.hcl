mock_provider "aws" {
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:spark-alarms" }
  }
}

variables {
  name                = "spark"
  service_levels_file = "../../../../chassis/slo.yaml"
  balancer            = "app/spark-edge/1"
  hooks_target_group  = "targetgroup/spark-hooks/1"
  log_group_name      = "/spark/processes"
  emails              = ["ops@example.com"]
  bus_metrics = {
    learning     = { namespace = "spark-bus", name = "LearningBehind" }
    preparations = { namespace = "spark-bus", name = "PreparationsWaiting" }
    store_free   = { namespace = "spark-bus", name = "StoreFree" }
  }
}

run "as_it_comes" {
  command = apply

  assert {
    condition     = toset(concat(output.seen, output.unseen)) == toset(keys(yamldecode(file(var.service_levels_file)).alerts))
    error_message = "An alert of chassis/slo.yaml is neither watched here nor said to be watched elsewhere."
  }

  assert {
    condition     = length(setintersection(output.seen, output.unseen)) == 0
    error_message = "An alert must not be both."
  }

  assert {
    condition = alltrue([
      for name, alarm in aws_cloudwatch_metric_alarm.seen :
      alarm.threshold == try(local.alerts[name].above, local.alerts[name].below) if name != "process-absent"
    ])
    error_message = "A bound must be that of chassis/slo.yaml."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.seen["disk"].threshold == 1073741824 && aws_cloudwatch_metric_alarm.seen["disk"].comparison_operator == "LessThanThreshold"
    error_message = "The disk's alarm must go off below 1 GiB, as chassis/slo.yaml has it."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.seen["consumer-lag"].evaluation_periods == 5 && aws_cloudwatch_metric_alarm.seen["dead-letters"].period == 3600
    error_message = "`for: 5m` is five minutes in a row, `over: 1h` one sum of an hour."
  }

  assert {
    condition     = toset(keys(local.burns)) == toset(["hook-p95-1h", "hook-p95-6h", "hook-p95-1d", "hook-p99-1h", "hook-p99-6h", "hook-p99-1d"])
    error_message = "Both levels of latency must be watched in each pair of windows that CloudWatch can look back on."
  }

  # 14.4 times a budget of 5 % are 72 %, so 28 % within the bound are left.
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.window["hook-p95-1h-long"].extended_statistic == "PR(:1.2)"
      && abs(aws_cloudwatch_metric_alarm.window["hook-p95-1h-long"].threshold - 28) < 0.001
      && aws_cloudwatch_metric_alarm.window["hook-p95-1h-short"].period == 300
      && aws_cloudwatch_metric_alarm.window["hook-p95-1h-long"].period == 3600
    )
    error_message = "The share of hooks within 1.2 s must be judged over an hour and over five minutes."
  }

  assert {
    condition     = aws_cloudwatch_composite_alarm.burn["hook-p95-1h"].alarm_rule == "ALARM(\"spark-hook-p95-1h-long\") AND ALARM(\"spark-hook-p95-1h-short\")"
    error_message = "Both windows must say so before somebody is woken."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.window : length(coalesce(alarm.alarm_actions, [])) == 0])
    error_message = "A window alone tells nobody."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.seen : alarm.alarm_actions == toset([aws_sns_topic.this.arn])])
    error_message = "Each alarm must go to the topic."
  }

  assert {
    condition     = aws_sns_topic_subscription.email["ops@example.com"].protocol == "email"
    error_message = "Those given must be subscribed."
  }

  assert {
    condition     = aws_cloudwatch_log_metric_filter.this["events-lost"].pattern == "{ ($.action = \"moment_lost\") || ($.action = \"decision_lost\") }"
    error_message = "A lost moment and a lost decision both count."
  }

  assert {
    condition = alltrue([
      for name, filter in aws_cloudwatch_log_metric_filter.this :
      aws_cloudwatch_metric_alarm.seen[name].metric_name == one(filter.metric_transformation).name
      && aws_cloudwatch_metric_alarm.seen[name].namespace == one(filter.metric_transformation).namespace
    ])
    error_message = "An alarm must watch what its filter counts."
  }
}

run "the_bus_must_tell" {
  command = plan

  variables {
    bus_metrics = {}
  }

  expect_failures = [var.bus_metrics]
}
