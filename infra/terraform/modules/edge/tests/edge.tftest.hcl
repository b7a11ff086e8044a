mock_provider "aws" {
  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/spark-edge/0123456789abcdef" }
  }
  mock_resource "aws_lb_listener" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/spark-edge/0123456789abcdef/0123456789abcdef" }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/spark/0123456789abcdef" }
  }
}

variables {
  name                     = "spark"
  vpc_id                   = "vpc-1"
  subnet_ids               = ["subnet-1", "subnet-2"]
  target_security_group_id = "sg-tasks"
  target_port              = 7761
  certificate_arn          = "arn:aws:acm:eu-central-1:123456789012:certificate/1"
}

run "as_it_comes" {
  command = apply

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.https : rule.from_port == 443 && rule.to_port == 443])
    error_message = "Nothing but 443 may be open."
  }

  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && strcontains(aws_lb_listener.https.ssl_policy, "TLS13")
    error_message = "The listener must speak TLS 1.2 and 1.3."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.targets.referenced_security_group_id == "sg-tasks" && aws_vpc_security_group_egress_rule.targets.from_port == 7761
    error_message = "The balancer may reach the gateway's HTTP and no more."
  }

  assert {
    condition = (
      contains(one(one(aws_lb_listener_rule.inside_only.condition).path_pattern).values, "/metrics")
      && one(aws_lb_listener_rule.inside_only.action).type == "fixed-response"
      && aws_lb_listener_rule.inside_only.priority < aws_lb_listener_rule.hooks.priority
    )
    error_message = "/metrics needs no token, so it must not be reached from outside."
  }

  assert {
    condition     = one(one(aws_lb_listener_rule.hooks.condition).path_pattern).values == toset(["/v1/hooks/*"])
    error_message = "Hooks must have a target group of their own."
  }

  assert {
    condition     = alltrue([for group in aws_lb_target_group.this : group.health_check[0].path == "/health"])
    error_message = "Health must be that of the process: a store that is away must not have it replaced."
  }
}

run "clients_can_be_narrowed" {
  command = apply

  variables {
    client_cidr_blocks = ["203.0.113.0/24"]
  }

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.https : rule.cidr_ipv4] == ["203.0.113.0/24"]
    error_message = "Only the ranges given may connect."
  }
}

run "a_certificate_is_an_arn" {
  command = plan

  variables {
    certificate_arn = "spark.example.com"
  }

  expect_failures = [var.certificate_arn]
}
