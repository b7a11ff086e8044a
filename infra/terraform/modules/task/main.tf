# One task definition of Spark's image, with the roles it needs and no more.

data "aws_region" "here" {}

data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

locals {
  fargate = var.gpus == 0

  # Of `registry/name:tag` or `registry/name@sha256:…` in ECR the repository that may be read.
  repository = try(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com/([^:@]+)", var.image)[0], null)

  container = merge(
    {
      name                   = "spark"
      image                  = var.image
      entryPoint             = ["spark"]
      command                = var.command
      essential              = true
      user                   = var.user
      privileged             = false
      readonlyRootFilesystem = true
      stopTimeout            = 30
      environment            = [for name in sort(keys(var.environment)) : { name = name, value = var.environment[name] }]
      secrets                = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]
      portMappings           = [for port in var.ports : { containerPort = port, hostPort = port, protocol = "tcp" }]
      mountPoints            = [{ sourceVolume = "scratch", containerPath = "/tmp", readOnly = false }]
      volumesFrom            = []
      systemControls         = []
      linuxParameters        = { initProcessEnabled = false, capabilities = { add = [], drop = ["ALL"] } }
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = var.log_group.name
          awslogs-region        = data.aws_region.here.name
          awslogs-stream-prefix = var.name
        }
      }
    },
    # That it lives, not that it is ready: a store that is away is no reason to replace a process that still answers.
    var.probed ? {
      healthCheck = {
        command     = ["CMD", "spark", "probe", "--service", "live"]
        interval    = 10
        timeout     = 5
        retries     = 3
        startPeriod = 30
      }
    } : {},
    local.fargate ? {} : { resourceRequirements = [{ type = "GPU", value = tostring(var.gpus) }] },
  )
}

resource "aws_ecs_task_definition" "this" {
  family                   = "${var.prefix}-${var.name}"
  requires_compatibilities = [local.fargate ? "FARGATE" : "EC2"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  container_definitions    = jsonencode([local.container])

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  # The one place that may be written to, SPARK_HOME below it, gone with the task. The image's VOLUME lends it its rights.
  volume {
    name = "scratch"
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.here.account_id]
    }
  }
}

# What ECS does before the process runs.
resource "aws_iam_role" "execution" {
  name               = "${var.prefix}-${var.name}-execution"
  description        = "Starts ${var.name} of ${var.prefix}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${var.log_group.arn}:log-stream:${var.name}/*"]
  }

  dynamic "statement" {
    for_each = length(var.secrets) > 0 ? [1] : []

    content {
      sid       = "Secrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = distinct(sort(values(var.secrets)))
    }
  }

  dynamic "statement" {
    for_each = local.repository == null ? [] : [1]

    content {
      sid       = "Login"
      actions   = ["ecr:GetAuthorizationToken"]
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = local.repository == null ? [] : [1]

    content {
      sid     = "Image"
      actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = [
        "arn:${data.aws_partition.here.partition}:ecr:${data.aws_region.here.name}:${data.aws_caller_identity.here.account_id}:repository/${local.repository}"
      ]
    }
  }
}

resource "aws_iam_role_policy" "execution" {
  name   = "start"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

# What the process itself may do in AWS: nothing.
resource "aws_iam_role" "task" {
  name               = "${var.prefix}-${var.name}"
  description        = "${var.name} of ${var.prefix}, which needs nothing of AWS"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
