mock_provider "aws" {
  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/spark-rpc/0123456789abcdef" }
  }
  mock_resource "aws_lb_listener" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/spark-rpc/0123456789abcdef/0123456789abcdef" }
  }
}

# Two groups must not have one ARN, or a rule that goes astray would not be seen.
override_resource {
  target = aws_lb_target_group.this["hot"]
  values = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/hot/0123456789abcdef" }
}

override_resource {
  target = aws_lb_target_group.this["telemetry"]
  values = { arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/telemetry/0123456789abcdef" }
}

variables {
  name                   = "spark"
  vpc_id                 = "vpc-1"
  subnet_ids             = ["subnet-1", "subnet-2"]
  task_security_group_id = "sg-tasks"
  target_port            = 7762
  certificate_arn        = "arn:aws:acm:eu-central-1:123456789012:certificate/1"
  host                   = "rpc.internal.spark.example.com"
  private_zone_id        = "Z1"
  services = {
    hot       = ["spark.packets.v1.PacketsService", "spark.router.v1.RouterService"]
    telemetry = ["spark.telemetry.v1.TelemetryService"]
  }
}

run "as_it_comes" {
  command = apply

  assert {
    condition = alltrue([
      for service, process in {
        "spark.packets.v1.PacketsService"     = "hot"
        "spark.router.v1.RouterService"       = "hot"
        "spark.telemetry.v1.TelemetryService" = "telemetry"
      } :
      one(aws_lb_listener_rule.service[service].action).target_group_arn == aws_lb_target_group.this[process].arn
      && one(one(aws_lb_listener_rule.service[service].condition).path_pattern).values == toset(["/${service}/*"])
    ])
    error_message = "A call must reach the process that carries its service."
  }

  assert {
    condition     = length(distinct([for rule in aws_lb_listener_rule.service : rule.priority])) == 3
    error_message = "No two rules may have one priority."
  }

  assert {
    condition     = alltrue([for group in aws_lb_target_group.this : group.protocol_version == "GRPC"]) && aws_lb_listener.https.protocol == "HTTPS"
    error_message = "Target groups must be of gRPC, which needs a listener of HTTPS."
  }

  assert {
    condition     = aws_lb.this.internal && output.address == "grpcs://rpc.internal.spark.example.com"
    error_message = "The balancer is for the inside alone, under its own name."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.callers.referenced_security_group_id == "sg-tasks"
    error_message = "Tasks alone may call."
  }
}

run "a_service_has_one_carrier" {
  command = plan

  variables {
    services = {
      hot       = ["spark.packets.v1.PacketsService"]
      telemetry = ["spark.packets.v1.PacketsService"]
    }
  }

  expect_failures = [var.services]
}
