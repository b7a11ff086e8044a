# One process of Spark on ECS: `spark serve NAME…` with what it needs, in as many copies as there is work for.

locals {
  http_port = 7761
  grpc_port = 7762

  # What is woken by work is put to sleep by its lack alone; following the CPU would end it in between.
  targets = var.scaling.wake != null ? {} : merge(
    var.scaling.cpu_percent == null ? {} : {
      cpu = { type = "ECSServiceAverageCPUUtilization", value = var.scaling.cpu_percent, label = null }
    },
    var.scaling.requests == null ? {} : {
      requests = {
        type  = "ALBRequestCountPerTarget"
        value = var.scaling.requests.per_minute
        label = var.scaling.requests.label
      }
    },
  )
}

module "task" {
  source = "../task"

  prefix           = var.prefix
  name             = var.name
  image            = var.image
  command          = concat(["serve"], var.services, var.only == null ? [] : ["--only", var.only])
  cpu              = var.cpu
  memory           = var.memory
  gpus             = var.gpus
  cpu_architecture = var.cpu_architecture
  user             = var.user
  ports            = [local.http_port, local.grpc_port]
  secrets          = var.secrets
  log_group        = var.log_group

  environment = merge(var.environment, {
    SPARK_HOST      = "0.0.0.0"
    SPARK_HTTP_PORT = tostring(local.http_port)
    SPARK_GRPC_PORT = tostring(local.grpc_port)
    SPARK_MIGRATE   = "0"
  })
}

resource "aws_ecs_service" "this" {
  name            = "${var.prefix}-${var.name}"
  cluster         = var.cluster.arn
  task_definition = module.task.arn
  desired_count   = var.scaling.initial

  # A new copy is healthy before an old one goes; what does not become healthy is taken back.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = length(var.target_groups) > 0 ? 60 : null
  propagate_tags                     = "SERVICE"
  enable_execute_command             = false

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  capacity_provider_strategy {
    capacity_provider = var.capacity_provider
    weight            = 1
    base              = 0
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = false
  }

  dynamic "load_balancer" {
    for_each = var.target_groups

    content {
      target_group_arn = load_balancer.value.arn
      container_name   = "spark"
      container_port   = load_balancer.value.protocol == "grpc" ? local.grpc_port : local.http_port
    }
  }

  lifecycle {
    ignore_changes = [desired_count]
  }
}

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.cluster.name}/${aws_ecs_service.this.name}"
  min_capacity       = var.scaling.min
  max_capacity       = var.scaling.max
}

resource "aws_appautoscaling_policy" "follow" {
  for_each = local.targets

  name               = "${var.prefix}-${var.name}-${each.key}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = each.value.value
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = each.value.type
      resource_label         = each.value.label
    }
  }
}

resource "aws_appautoscaling_scheduled_action" "this" {
  for_each = var.scaling.schedule

  name               = "${var.prefix}-${var.name}-${each.key}"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id
  schedule           = each.value.schedule
  timezone           = each.value.timezone

  scalable_target_action {
    min_capacity = each.value.min
    max_capacity = coalesce(each.value.max, var.scaling.max)
  }
}
