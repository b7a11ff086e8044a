# Instances with a GPU for inference, none of them while none is needed.

data "aws_ssm_parameter" "image" {
  count = var.ami_id == null ? 1 : 0

  name = "/aws/service/ecs/optimized-ami/amazon-linux-2/gpu/recommended/image_id"
}

resource "aws_security_group" "this" {
  name        = "${var.name}-gpu"
  description = "Instances with a GPU of ${var.name}; their tasks have a group of their own"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.this.id
  description       = "ECS, images"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = "${var.name}-gpu"
  description        = "Lets instances with a GPU join the cluster of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

# What the agent of ECS calls. The first two know no resource; the others are held to this cluster.
data "aws_iam_policy_document" "agent" {
  statement {
    sid       = "Find"
    actions   = ["ecr:GetAuthorizationToken", "ecs:DiscoverPollEndpoint"]
    resources = ["*"]
  }

  statement {
    sid       = "Join"
    actions   = ["ecs:RegisterContainerInstance", "ecs:DeregisterContainerInstance"]
    resources = [var.cluster_arn]
  }

  statement {
    sid = "Work"
    actions = [
      "ecs:Poll",
      "ecs:StartTelemetrySession",
      "ecs:SubmitAttachmentStateChanges",
      "ecs:SubmitContainerStateChange",
      "ecs:SubmitTaskStateChange",
      "ecs:UpdateContainerInstancesState",
    ]
    resources = [var.cluster_arn, "${replace(var.cluster_arn, ":cluster/", ":container-instance/")}/*"]
  }
}

resource "aws_iam_role_policy" "agent" {
  name   = "agent"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.agent.json
}

resource "aws_iam_instance_profile" "this" {
  name = "${var.name}-gpu"
  role = aws_iam_role.this.name
}

resource "aws_launch_template" "this" {
  name                   = "${var.name}-gpu"
  description            = "Instances with a GPU of ${var.name}"
  image_id               = var.ami_id == null ? data.aws_ssm_parameter.image[0].insecure_value : var.ami_id
  instance_type          = var.instance_type
  update_default_version = true
  vpc_security_group_ids = [aws_security_group.this.id]

  user_data = base64encode(<<-EOT
    #!/bin/sh
    set -eu
    {
      echo ECS_CLUSTER=${var.cluster_name}
      echo ECS_ENABLE_GPU_SUPPORT=true
      echo ECS_AWSVPC_BLOCK_IMDS=true
    } >> /etc/ecs/ecs.config
  EOT
  )

  iam_instance_profile {
    arn = aws_iam_instance_profile.this.arn
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  # Images of inference are 20 GB and more, and a model is as much again.
  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = var.disk_gib
      encrypted             = true
      delete_on_termination = true
    }
  }
}

resource "aws_autoscaling_group" "this" {
  name                  = "${var.name}-gpu"
  min_size              = 0
  max_size              = var.max_instances
  vpc_zone_identifier   = var.subnet_ids
  protect_from_scale_in = true
  # Empty instances go with the pool.
  force_delete = true

  mixed_instances_policy {
    instances_distribution {
      on_demand_base_capacity                  = 0
      on_demand_percentage_above_base_capacity = var.spot ? 0 : 100
      spot_allocation_strategy                 = "capacity-optimized"
    }

    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.this.id
        version            = aws_launch_template.this.latest_version
      }
    }
  }

  tag {
    key                 = "AmazonECSManaged"
    value               = "true"
    propagate_at_launch = true
  }

  tag {
    key                 = "Name"
    value               = "${var.name}-gpu"
    propagate_at_launch = true
  }

  # ECS alone says how many there are.
  lifecycle {
    ignore_changes = [desired_capacity]
  }
}

resource "aws_ecs_capacity_provider" "this" {
  name = "${var.name}-gpu"

  auto_scaling_group_provider {
    auto_scaling_group_arn         = aws_autoscaling_group.this.arn
    managed_termination_protection = "ENABLED"
    managed_draining               = "ENABLED"

    managed_scaling {
      status                    = "ENABLED"
      target_capacity           = 100
      minimum_scaling_step_size = 1
      maximum_scaling_step_size = 1
      instance_warmup_period    = 300
    }
  }
}
