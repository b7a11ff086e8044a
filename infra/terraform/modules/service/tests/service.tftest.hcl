mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/spark" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:eu-central-1:123456789012:task-definition/spark-hot:1" }
  }
  mock_resource "aws_appautoscaling_policy" {
    defaults = { arn = "arn:aws:autoscaling:eu-central-1:123456789012:scalingPolicy:1:resource/ecs/service/spark/spark-hot:policyName/spark" }
  }
}

variables {
  prefix            = "spark"
  name              = "hot"
  services          = ["gateway", "router", "packets"]
  only              = "calls"
  image             = "docker.io/example/spark:0.1.0"
  cpu               = 512
  memory            = 1024
  log_group         = { name = "/spark/processes", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/spark/processes" }
  cluster           = { name = "spark", arn = "arn:aws:ecs:eu-central-1:123456789012:cluster/spark" }
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-tasks"
  scaling           = { min = 1, max = 10, initial = 1, cpu_percent = 60 }
  target_groups = {
    hooks = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/hooks/1", protocol = "http" }
    rpc   = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/rpc/1", protocol = "grpc" }
  }
}

run "as_it_comes" {
  command = apply

  assert {
    condition     = one(aws_ecs_service.this.network_configuration).assign_public_ip == false
    error_message = "A task must have no public address."
  }

  assert {
    condition     = one(aws_ecs_service.this.deployment_circuit_breaker).rollback && aws_ecs_service.this.deployment_minimum_healthy_percent == 100
    error_message = "A roll-out must not lessen what answers, and what does not start must be taken back."
  }

  assert {
    condition     = toset([for group in aws_ecs_service.this.load_balancer : group.container_port]) == toset([7761, 7762])
    error_message = "HTTP and gRPC must each get their port."
  }
}

run "it_follows_its_work" {
  command = apply

  variables {
    scaling = { min = 1, max = 10, initial = 1, cpu_percent = 60, requests = { label = "app/spark-edge/1/targetgroup/hooks/1", per_minute = 30000 } }
  }

  assert {
    condition     = toset(keys(aws_appautoscaling_policy.follow)) == toset(["cpu", "requests"])
    error_message = "Both CPU and requests must be followed."
  }

  assert {
    condition     = length(aws_appautoscaling_policy.sleep) == 0 && aws_appautoscaling_target.this.min_capacity == 1
    error_message = "What answers hooks must never sleep by itself."
  }
}

run "a_worker_wakes_and_sleeps" {
  command = apply

  variables {
    name          = "worker"
    only          = "events"
    target_groups = {}
    scaling = {
      min     = 0
      max     = 4
      initial = 1
      wake = {
        metric = { namespace = "spark-bus", name = "Waiting", dimensions = {}, statistic = "Maximum" }
        steps  = [{ from = 0, copies = 1 }, { from = 5000, copies = 4 }]
      }
      sleep = {
        metric        = { namespace = "spark-bus", name = "Waiting", dimensions = {}, statistic = "Maximum" }
        after_minutes = 15
      }
      schedule = { open = { schedule = "cron(0 3 * * ? *)", min = 1 } }
    }
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.wake[0].comparison_operator == "GreaterThanThreshold"
      && aws_cloudwatch_metric_alarm.wake[0].alarm_actions == toset([aws_appautoscaling_policy.wake[0].arn])
      && aws_cloudwatch_metric_alarm.wake[0].treat_missing_data == "notBreaching"
    )
    error_message = "Work that waits must wake it."
  }

  assert {
    condition = toset([
      for step in one(aws_appautoscaling_policy.wake[0].step_scaling_policy_configuration).step_adjustment :
      "${step.metric_interval_lower_bound}..${coalesce(step.metric_interval_upper_bound, "inf")} ${step.scaling_adjustment}"
    ]) == toset(["0..5000 1", "5000..inf 4"])
    error_message = "Steps must join without a gap, and the last have no end."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.sleep[0].evaluation_periods == 15
      && toset([for query in aws_cloudwatch_metric_alarm.sleep[0].metric_query : query.metric[0].period if length(query.metric) > 0]) == toset([60])
      && one(one(aws_appautoscaling_policy.sleep[0].step_scaling_policy_configuration).step_adjustment).scaling_adjustment == 0
      && aws_cloudwatch_metric_alarm.sleep[0].treat_missing_data == "breaching"
    )
    error_message = "A quarter of an hour without work must put it to sleep."
  }

  assert {
    condition     = length(aws_appautoscaling_policy.follow) == 0
    error_message = "Following the CPU would put it to sleep in the middle of work."
  }

  assert {
    condition     = aws_appautoscaling_scheduled_action.this["open"].scalable_target_action[0].min_capacity == "1"
    error_message = "Once a day it must be awake whatever waits."
  }
}

run "what_wakes_it_keeps_it_awake" {
  command = apply

  variables {
    scaling = {
      min     = 0
      max     = 1
      initial = 0
      wake = {
        metric = { namespace = "AWS/ApplicationELB", name = "HTTPCode_ELB_503_Count", dimensions = { LoadBalancer = "app/spark-rpc/1" }, statistic = "Sum" }
        steps  = [{ from = 0, copies = 1 }]
      }
      sleep = {
        metric        = { namespace = "AWS/ApplicationELB", name = "RequestCount", dimensions = { LoadBalancer = "app/spark-rpc/1", TargetGroup = "targetgroup/spark-hot-rpc/1" }, statistic = "Sum" }
        after_minutes = 30
      }
    }
  }

  # No call is counted before it answers: looking at those alone, sleep would undo each minute what has just been woken.
  assert {
    condition = (
      toset([for query in aws_cloudwatch_metric_alarm.sleep[0].metric_query : query.metric[0].metric_name if length(query.metric) > 0])
      == toset(["HTTPCode_ELB_503_Count", "RequestCount"])
      && [for query in aws_cloudwatch_metric_alarm.sleep[0].metric_query : query.expression if query.return_data] == ["SUM([FILL(m0, 0), FILL(m1, 0)])"]
    )
    error_message = "Calls that found nobody must count against its sleep as those that were answered do."
  }
}

run "a_schedule_closes" {
  command = apply

  variables {
    scaling = {
      min         = 0
      max         = 10
      initial     = 1
      cpu_percent = 60
      schedule = {
        close = { schedule = "cron(0 20 ? * MON-FRI *)", min = 0, max = 0 }
        open  = { schedule = "cron(0 6 ? * MON-FRI *)", min = 1 }
      }
    }
  }

  # Nothing but a most of 0 ends what follows its work: without calls it has no figure to follow.
  assert {
    condition = (
      aws_appautoscaling_scheduled_action.this["close"].scalable_target_action[0].max_capacity == "0"
      && aws_appautoscaling_scheduled_action.this["open"].scalable_target_action[0].max_capacity == "10"
    )
    error_message = "A schedule must be able to close, and to open up to the most again."
  }
}

run "what_sleeps_must_wake" {
  command = plan

  variables {
    scaling = { min = 0, max = 1, initial = 1, cpu_percent = 60 }
  }

  expect_failures = [var.scaling]
}

run "an_unknown_service_is_refused" {
  command = plan

  variables {
    services = ["gateway", "rooter"]
  }

  expect_failures = [var.services]
}
