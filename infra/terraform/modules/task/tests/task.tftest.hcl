mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/spark" }
  }
}

variables {
  prefix      = "spark"
  name        = "hot"
  image       = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/spark:0.1.0"
  command     = ["serve", "gateway"]
  cpu         = 512
  memory      = 1024
  environment = { SPARK_MIGRATE = "0" }
  secrets     = { SPARK_TOKEN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:spark/token" }
  ports       = [7761, 7762]
  log_group   = { name = "/spark/processes", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/spark/processes" }
}

run "as_it_comes" {
  command = apply

  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.this.container_definitions) :
      container.readonlyRootFilesystem && !container.privileged && !startswith(container.user, "0:") && container.linuxParameters.capabilities.drop == ["ALL"]
    ])
    error_message = "A container must not run as root, nor write to its own file system, nor have powers."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].mountPoints == [{ sourceVolume = "scratch", containerPath = "/tmp", readOnly = false }]
    error_message = "It must be able to write to /tmp, where SPARK_HOME is, and there alone."
  }

  assert {
    condition = (
      jsondecode(aws_ecs_task_definition.this.container_definitions)[0].secrets == [{ name = "SPARK_TOKEN", valueFrom = var.secrets.SPARK_TOKEN }]
      && !contains([for entry in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment : entry.name], "SPARK_TOKEN")
    )
    error_message = "A secret must reach the process by its ARN."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.execution.statement :
      !contains(statement.resources, "*") || toset(statement.actions) == toset(["ecr:GetAuthorizationToken"])
    ])
    error_message = "Only the login to ECR knows no resource."
  }

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.execution.statement : statement.resources if statement.sid == "Secrets"
    ])) == toset(values(var.secrets))
    error_message = "It may read its own secrets alone."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.trust.statement).condition != null && contains(flatten([for condition in one(data.aws_iam_policy_document.trust.statement).condition : condition.values]), "123456789012")
    error_message = "Only ECS of this very account may take the role."
  }
}

run "a_job_is_not_probed" {
  command = apply

  variables {
    probed  = false
    secrets = {}
    image   = "docker.io/example/spark:0.1.0"
  }

  assert {
    condition     = !can(jsondecode(aws_ecs_task_definition.this.container_definitions)[0].healthCheck)
    error_message = "A job ends; nobody can probe it."
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.execution.statement : statement.sid] == ["Logs"]
    error_message = "Without secrets and without ECR it may write its log and no more."
  }
}

run "gpus_need_instances" {
  command = apply

  variables {
    gpus = 1
  }

  assert {
    condition     = aws_ecs_task_definition.this.requires_compatibilities == toset(["EC2"]) && jsondecode(aws_ecs_task_definition.this.container_definitions)[0].resourceRequirements == [{ type = "GPU", value = "1" }]
    error_message = "Fargate has no GPUs."
  }
}

run "nothing_runs_as_root" {
  command = plan

  variables {
    user = "0:0"
  }

  expect_failures = [var.user]
}

run "a_secret_is_no_setting" {
  command = plan

  variables {
    environment = { SPARK_TOKEN = "abc" }
  }

  expect_failures = [var.environment]
}

run "what_runs_must_be_known" {
  command = plan

  variables {
    image = "docker.io/example/spark:latest"
  }

  expect_failures = [var.image]
}
