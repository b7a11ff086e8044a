# Where processes run: the cluster, what they may reach, and where they write their logs.

resource "aws_ecs_cluster" "this" {
  name = var.name

  # Insights cost by the metric and say little that balancers and Spark's own figures do not.
  setting {
    name  = "containerInsights"
    value = "disabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = concat(["FARGATE", "FARGATE_SPOT"], var.capacity_providers)
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/processes"
  retention_in_days = var.log_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_security_group" "tasks" {
  name        = "${var.name}-tasks"
  description = "Processes of ${var.name}"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "balancers" {
  for_each = var.ingress

  security_group_id            = aws_security_group.tasks.id
  description                  = each.key
  referenced_security_group_id = each.value.security_group_id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "inside" {
  for_each = { PostgreSQL = 5432, NATS = 4222 }

  security_group_id = aws_security_group.tasks.id
  description       = each.key
  cidr_ipv4         = var.vpc_cidr_block
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

# Images, secrets, logs, the inner balancer, and models that others host.
resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.tasks.id
  description       = "HTTPS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
