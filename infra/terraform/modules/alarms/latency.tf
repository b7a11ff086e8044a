# A level of latency says which share of hooks may be slower than its bound; PR gives the share that is not. Its budget
# burns too fast when both windows of a pair say so (Google SRE workbook, chapter 5).

locals {
  # CloudWatch looks back a day at most with periods below an hour, so the slowest pair of windows is beyond it.
  longest = 86400

  # Both alerts of latency, for each pair of windows that can be seen: the level's budget times the factor.
  burns = merge([
    for alert_name, alert in local.alerts : {
      for rate in local.levels.burn_rates : "${alert_name}-${rate.long}" => {
        alert = alert_name
        do    = alert.do
        level = local.levels.levels[alert.burn]
        share = (1 - local.levels.levels[alert.burn].measure.quantile) * rate.factor
        long  = local.seconds[rate.long]
        short = local.seconds[rate.short]
      } if local.seconds[rate.long] <= local.longest
    } if try(local.levels.levels[alert.burn].measure.quantile, null) != null
  ]...)

  windows = merge([
    for name, burn in local.burns : {
      "${name}-long"  = { burn = burn, seconds = burn.long }
      "${name}-short" = { burn = burn, seconds = burn.short }
    }
  ]...)
}

resource "aws_cloudwatch_metric_alarm" "window" {
  for_each = local.windows

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "Share of hooks within ${each.value.burn.level.at_most} ms over ${each.value.seconds / 60} minutes"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "TargetResponseTime"
  dimensions          = local.balancer_of_hooks
  extended_statistic  = "PR(:${each.value.burn.level.at_most / 1000})"
  comparison_operator = "LessThanThreshold"
  threshold           = 100 * (1 - each.value.burn.share)
  period              = each.value.seconds
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  # As `least` of a level: a few slow hooks of a few say nothing.
  evaluate_low_sample_count_percentiles = "ignore"
}

resource "aws_cloudwatch_composite_alarm" "burn" {
  for_each = local.burns

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = each.value.do
  alarm_actions     = [aws_sns_topic.this.arn]
  ok_actions        = [aws_sns_topic.this.arn]
  alarm_rule = join(" AND ", [
    for window in ["long", "short"] : "ALARM(\"${aws_cloudwatch_metric_alarm.window["${each.key}-${window}"].alarm_name}\")"
  ])
}
