mock_provider "aws" {}

variables {
  name           = "spark"
  vpc_id         = "vpc-1"
  vpc_cidr_block = "10.40.0.0/16"
  ingress = {
    "HTTP of the public balancer" = { security_group_id = "sg-edge", port = 7761 }
    "gRPC of the inner balancer"  = { security_group_id = "sg-rpc", port = 7762 }
  }
}

run "as_it_comes" {
  command = apply

  assert {
    condition = toset([
      for rule in aws_vpc_security_group_ingress_rule.balancers : "${rule.referenced_security_group_id}:${rule.from_port}-${rule.to_port}"
    ]) == toset(["sg-edge:7761-7761", "sg-rpc:7762-7762"])
    error_message = "Balancers reach their own port each, and nobody else anything."
  }

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.balancers : rule.cidr_ipv4 == null && rule.cidr_ipv6 == null])
    error_message = "No range of addresses may reach tasks."
  }

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_egress_rule.inside : rule.cidr_ipv4 == "10.40.0.0/16"])
    error_message = "PostgreSQL and NATS lie inside the network."
  }

  assert {
    condition     = toset([for rule in aws_vpc_security_group_egress_rule.inside : rule.from_port]) == toset([5432, 4222])
    error_message = "Tasks need PostgreSQL and NATS."
  }
}

run "a_pool_joins_fargate" {
  command = apply

  variables {
    capacity_providers = ["spark-gpu"]
  }

  assert {
    condition     = aws_ecs_cluster_capacity_providers.this.capacity_providers == toset(["FARGATE", "FARGATE_SPOT", "spark-gpu"])
    error_message = "The pool must be one of the cluster's capacity providers."
  }
}

run "logs_are_not_kept_for_ever" {
  command = plan

  variables {
    log_days = 0
  }

  expect_failures = [var.log_days]
}
