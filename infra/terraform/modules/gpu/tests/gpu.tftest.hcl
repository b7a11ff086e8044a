mock_provider "aws" {
  mock_data "aws_ssm_parameter" {
    defaults = { insecure_value = "ami-00000000000000001" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_instance_profile" {
    defaults = { arn = "arn:aws:iam::123456789012:instance-profile/spark-gpu" }
  }
  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0123456789abcdef0", latest_version = 1 }
  }
  mock_resource "aws_autoscaling_group" {
    defaults = { arn = "arn:aws:autoscaling:eu-central-1:123456789012:autoScalingGroup:1:autoScalingGroupName/spark-gpu" }
  }
}

variables {
  name         = "spark"
  vpc_id       = "vpc-1"
  subnet_ids   = ["subnet-1"]
  cluster_name = "spark"
  cluster_arn  = "arn:aws:ecs:eu-central-1:123456789012:cluster/spark"
}

run "as_it_comes" {
  command = apply

  assert {
    condition     = aws_autoscaling_group.this.min_size == 0 && aws_autoscaling_group.this.max_size == 1
    error_message = "The pool must be able to be empty."
  }

  assert {
    condition     = one(one(aws_ecs_capacity_provider.this.auto_scaling_group_provider).managed_scaling).status == "ENABLED"
    error_message = "ECS must fill and empty the pool by what waits to be placed."
  }

  assert {
    condition     = one(aws_launch_template.this.metadata_options).http_tokens == "required" && one(aws_launch_template.this.metadata_options).http_put_response_hop_limit == 1
    error_message = "Containers must not be able to borrow the instance's role."
  }

  assert {
    condition     = one(one(aws_launch_template.this.block_device_mappings).ebs).encrypted == "true"
    error_message = "Disks must be encrypted."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.agent.statement :
      !contains(statement.resources, "*") || toset(statement.actions) == toset(["ecr:GetAuthorizationToken", "ecs:DiscoverPollEndpoint"])
    ])
    error_message = "Only the two calls that know no resource may be allowed on all."
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.this.user_data), "ECS_CLUSTER=spark\n")
    error_message = "Instances must join the cluster given."
  }
}

run "an_instance_without_gpu_is_refused" {
  command = plan

  variables {
    instance_type = "m7g.large"
  }

  expect_failures = [var.instance_type]
}

run "a_name_that_ecs_refuses" {
  command = plan

  variables {
    name = "ecs-spark"
  }

  expect_failures = [var.name]
}
