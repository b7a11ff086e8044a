# What the instance may do: read its secret, pull its image, write its figures.

data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

locals {
  repository = try(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com/([^:@]+)", var.image)[0], null)
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

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "Secret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.url_secret_arn]
  }

  # The call knows no resource; the namespace is what narrows it.
  statement {
    sid       = "Figures"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [var.metric_namespace]
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

resource "aws_iam_role" "this" {
  name               = "${var.name}-bus"
  description        = "NATS of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "this" {
  name   = "run"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}

resource "aws_iam_instance_profile" "this" {
  name = "${var.name}-bus"
  role = aws_iam_role.this.name
}
