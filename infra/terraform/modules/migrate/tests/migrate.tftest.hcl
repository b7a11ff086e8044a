mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/spark" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:eu-central-1:123456789012:task-definition/spark-migrate:1" }
  }
}

variables {
  prefix            = "spark"
  image             = "docker.io/example/spark:0.2.0"
  environment       = { SPARK_DATABASE_URL = "postgresql://spark@db:5432/spark?sslmode=require" }
  secrets           = { PGPASSWORD = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:spark/database-password" }
  log_group         = { name = "/spark/processes", arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/spark/processes" }
  cluster           = "spark"
  subnet_ids        = ["subnet-1", "subnet-2"]
  security_group_id = "sg-tasks"
}

run "as_it_comes" {
  command = apply

  assert {
    condition = (
      strcontains(output.command, "--task-definition arn:aws:ecs:eu-central-1:123456789012:task-definition/spark-migrate:1")
      && strcontains(output.command, "subnets=[subnet-1,subnet-2],securityGroups=[sg-tasks],assignPublicIp=DISABLED")
    )
    error_message = "The command must name this revision, and private subnets without public addresses."
  }

  assert {
    condition     = strcontains(output.command, "wait tasks-stopped") && strcontains(output.command, "test \"$status\" = 0")
    error_message = "It must end when the job does, and fail when the job did: processes refuse an older schema."
  }

  assert {
    condition     = length(regexall("aws ecs --region eu-central-1 ", output.command)) == 3
    error_message = "The region must be that of the cluster, whatever the shell's is."
  }
}

run "without_a_database_there_is_nothing_to_migrate" {
  command = plan

  variables {
    environment = {}
  }

  expect_failures = [var.environment]
}
