# Alerts on what balancers, logs and the bus show, each with the bound and the time that chassis/slo.yaml gives it.

locals {
  # Words of the log lines that say the same as the figure an alert is about (docs/telemetry-names.md).
  logged = {
    "answered-share" = ["hook_failed"]
    "events-lost"    = ["moment_lost", "decision_lost"]
    "dead-letters"   = ["dead_letter"]
  }

  seen = {
    "answered-share" = { namespace = var.name, metric = "answered-share", statistic = "Sum", dimensions = {} }
    "events-lost"    = { namespace = var.name, metric = "events-lost", statistic = "Sum", dimensions = {} }
    "dead-letters"   = { namespace = var.name, metric = "dead-letters", statistic = "Sum", dimensions = {} }

    "consumer-lag" = {
      namespace = var.bus_metrics.learning.namespace, metric = var.bus_metrics.learning.name, statistic = "Maximum", dimensions = {}
    }
    "prefetch-queue" = {
      namespace = var.bus_metrics.preparations.namespace, metric = var.bus_metrics.preparations.name, statistic = "Maximum", dimensions = {}
    }
    "disk" = {
      namespace = var.bus_metrics.store_free.namespace, metric = var.bus_metrics.store_free.name, statistic = "Minimum", dimensions = {}
    }

    # No bound of its own: fewer than one process that answers.
    "process-absent" = {
      namespace = "AWS/ApplicationELB", metric = "HealthyHostCount", statistic = "Maximum", dimensions = local.balancer_of_hooks
    }
  }

  bounds = {
    for name, seen in local.seen : name => {
      above = try(local.alerts[name].above, null)
      below = name == "process-absent" ? 1 : try(local.alerts[name].below, null)
      # An increase is summed over its span; a gauge must stay where it is for the alert's time.
      period      = can(local.alerts[name].value.over) ? local.seconds[local.alerts[name].value.over] : 60
      evaluations = can(local.alerts[name].value.over) ? 1 : local.seconds[try(local.alerts[name].for, "1m")] / 60
    }
  }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.logged

  name           = "${var.name}-${each.key}"
  log_group_name = var.log_group_name
  pattern        = "{ ${join(" || ", [for word in each.value : "($.action = \"${word}\")"])} }"

  metric_transformation {
    namespace = var.name
    name      = each.key
    value     = "1"
    unit      = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "seen" {
  for_each = local.seen

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = local.alerts[each.key].do
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = local.bounds[each.key].above != null ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = coalesce(local.bounds[each.key].above, local.bounds[each.key].below)
  period              = local.bounds[each.key].period
  evaluation_periods  = local.bounds[each.key].evaluations
  alarm_actions       = [aws_sns_topic.this.arn]
  ok_actions          = [aws_sns_topic.this.arn]

  # A bus that tells nothing is away, and no healthy process writes no figure; a log without the line is as it should be.
  treat_missing_data = contains(["disk", "process-absent"], each.key) ? "breaching" : "notBreaching"
}
