# Alarms of CloudWatch, derived from chassis/slo.yaml as Prometheus' rules are: no bound stands here.
#
# CloudWatch sees balancers, logs and what the bus tells of itself. What only Spark's own figures show is in the output
# `unseen`; Prometheus and the notifier in every process watch that.

locals {
  levels = yamldecode(file(var.service_levels_file))
  alerts = local.levels.alerts

  unit_seconds = { s = 1, m = 60, h = 3600, d = 86400 }
  seconds = {
    for span in distinct(concat(
      flatten([for rate in local.levels.burn_rates : [rate.long, rate.short]]),
      flatten([for alert in values(local.alerts) : [try(alert.for, "1m"), try(alert.value.over, "1m")]]),
    )) : span => tonumber(regex("^[0-9]+", span)) * local.unit_seconds[regex("[a-z]+$", span)]
  }

  balancer_of_hooks = { LoadBalancer = var.balancer, TargetGroup = var.hooks_target_group }
}

resource "aws_sns_topic" "this" {
  name = "${var.name}-alarms"
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.emails)

  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = each.value
}
