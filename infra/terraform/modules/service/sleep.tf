# From zero and back. ECS starts nothing by itself when a call comes: an alarm on work that waits does, within a minute
# or two, and one on its lack puts the process to sleep again.

locals {
  work = var.scaling.sleep == null ? [] : distinct([var.scaling.wake.metric, var.scaling.sleep.metric])
}

resource "aws_appautoscaling_policy" "wake" {
  count = var.scaling.wake == null ? 0 : 1

  name               = "${var.prefix}-${var.name}-wake"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ExactCapacity"
    metric_aggregation_type = "Maximum"
    cooldown                = 120

    dynamic "step_adjustment" {
      for_each = var.scaling.wake.steps

      content {
        metric_interval_lower_bound = step_adjustment.value.from
        metric_interval_upper_bound = try(var.scaling.wake.steps[step_adjustment.key + 1].from, null)
        scaling_adjustment          = step_adjustment.value.copies
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "wake" {
  count = var.scaling.wake == null ? 0 : 1

  alarm_name          = "${var.prefix}-${var.name}-wake"
  alarm_description   = "Work waits for ${var.name}"
  namespace           = var.scaling.wake.metric.namespace
  metric_name         = var.scaling.wake.metric.name
  dimensions          = var.scaling.wake.metric.dimensions
  statistic           = var.scaling.wake.metric.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.wake[0].arn]
}

resource "aws_appautoscaling_policy" "sleep" {
  count = var.scaling.sleep == null ? 0 : 1

  name               = "${var.prefix}-${var.name}-sleep"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ExactCapacity"
    metric_aggregation_type = "Maximum"
    cooldown                = 120

    step_adjustment {
      metric_interval_upper_bound = 0
      scaling_adjustment          = var.scaling.min
    }
  }
}

# Silence counts as no work: a balancer without calls writes no metric at all. What wakes it counts as work: an alarm asks
# for its copies anew each minute that it lasts, and would end what was woken before it had begun.
resource "aws_cloudwatch_metric_alarm" "sleep" {
  count = var.scaling.sleep == null ? 0 : 1

  alarm_name          = "${var.prefix}-${var.name}-sleep"
  alarm_description   = "Nothing waits for ${var.name}"
  comparison_operator = "LessThanOrEqualToThreshold"
  threshold           = 0
  evaluation_periods  = var.scaling.sleep.after_minutes
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_appautoscaling_policy.sleep[0].arn]

  metric_query {
    id          = "work"
    label       = "Work for ${var.name}"
    expression  = "SUM([${join(", ", [for index, _ in local.work : "FILL(m${index}, 0)"])}])"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.work

    content {
      id          = "m${metric_query.key}"
      return_data = false

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        dimensions  = metric_query.value.dimensions
        stat        = metric_query.value.statistic
        period      = 60
      }
    }
  }
}
