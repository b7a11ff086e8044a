mock_provider "aws" {
  mock_data "aws_subnet" {
    defaults = { availability_zone = "eu-central-1b" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { insecure_value = "ami-00000000000000001" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_ebs_volume" {
    defaults = { id = "vol-0123456789abcdef0" }
  }
}

variables {
  name                      = "spark"
  vpc_id                    = "vpc-1"
  subnet_id                 = "subnet-1"
  client_security_group_ids = { tasks = "sg-tasks" }
  image                     = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/nats:2.15.1"
  url_secret_arn            = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:spark/nats-url"
  host                      = "nats.internal.spark.example.com"
  private_zone_id           = "Z1"
  metric_namespace          = "spark-bus"
}

run "as_it_comes" {
  command = apply

  assert {
    condition     = aws_volume_attachment.data.volume_id == aws_ebs_volume.data.id && aws_ebs_volume.data.availability_zone == "eu-central-1b"
    error_message = "The disk must be one of its own, in the zone of the subnet."
  }

  assert {
    condition     = strcontains(aws_instance.this.user_data, "nvme-Amazon_Elastic_Block_Store_$(echo vol-0123456789abcdef0 |")
    error_message = "The instance must look for this very disk, by its id."
  }

  assert {
    condition     = aws_ebs_volume.data.encrypted && one(aws_instance.this.root_block_device).encrypted && aws_ebs_volume.data.final_snapshot
    error_message = "Disks must be encrypted, and that of the streams leave a snapshot."
  }

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.clients : "${rule.referenced_security_group_id}:${rule.from_port}-${rule.to_port}"] == ["sg-tasks:4222-4222"]
    error_message = "Only clients' security groups may connect, and only to NATS; not to its monitor."
  }

  assert {
    condition     = strcontains(aws_instance.this.user_data, "http: 127.0.0.1:8222")
    error_message = "The monitor has no password, so it must listen on loopback."
  }

  assert {
    condition     = one(aws_instance.this.metadata_options).http_tokens == "required"
    error_message = "The instance's role must not be had by a forged request."
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.this.statement :
      !contains(statement.resources, "*") || statement.sid == "Login" || try(one(statement.condition).values, []) == tolist(["spark-bus"])
    ])
    error_message = "Figures may go to its own namespace alone."
  }

  assert {
    condition = anytrue([
      for statement in data.aws_iam_policy_document.this.statement :
      toset(coalesce(statement.resources, [])) == toset(["arn:aws:ecr:eu-central-1:123456789012:repository/nats"]) if statement.sid == "Image"
    ])
    error_message = "It may pull its own image alone."
  }
}

run "an_image_of_elsewhere_needs_no_login" {
  command = apply

  variables {
    image = "docker.io/library/nats:2.15.1"
  }

  assert {
    condition     = !contains([for statement in data.aws_iam_policy_document.this.statement : statement.sid], "Login")
    error_message = "A role must not be given what it does not use."
  }
}

run "what_runs_must_be_known" {
  command = plan

  variables {
    image = "nats:latest"
  }

  expect_failures = [var.image]
}
