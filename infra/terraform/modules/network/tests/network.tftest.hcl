mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
}

variables {
  name               = "spark"
  availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  private_domain     = "internal.spark.example.com"
}

run "as_it_comes" {
  command = apply

  assert {
    condition = length(distinct(concat(
      [for subnet in aws_subnet.public : subnet.cidr_block], [for subnet in aws_subnet.private : subnet.cidr_block]
    ))) == 6
    error_message = "Each of the three zones needs a public and a private range of its own."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.private : subnet.map_public_ip_on_launch != true])
    error_message = "What starts in a private subnet must get no public address."
  }

  assert {
    condition     = length(aws_default_security_group.closed.ingress) == 0
    error_message = "The default security group must let nothing in."
  }

  assert {
    condition     = length(aws_nat_gateway.exit) == 1 && length(aws_eip.exit) == 1
    error_message = "By default there is one NAT gateway."
  }

  assert {
    condition     = alltrue([for route in aws_route.private : route.nat_gateway_id == aws_nat_gateway.exit["eu-central-1a"].id])
    error_message = "All private subnets must go out by it."
  }

  assert {
    condition     = alltrue([for route in aws_route.private : coalesce(route.gateway_id, "none") != aws_internet_gateway.this.id])
    error_message = "A private subnet must not be routed to the internet gateway."
  }

  assert {
    condition     = toset(aws_vpc_endpoint.s3.route_table_ids) == toset([for table in aws_route_table.private : table.id])
    error_message = "S3 must be reached from the private subnets without the NAT gateway."
  }
}

run "a_way_out_in_each_zone" {
  command = apply

  variables {
    nat_per_zone = true
  }

  assert {
    condition     = alltrue([for zone, route in aws_route.private : route.nat_gateway_id == aws_nat_gateway.exit[zone].id])
    error_message = "Each zone must go out by its own."
  }
}

run "one_zone_is_too_few" {
  command = plan

  variables {
    availability_zones = ["eu-central-1a"]
  }

  expect_failures = [var.availability_zones]
}

run "a_small_network_is_refused" {
  command = plan

  variables {
    cidr_block = "10.0.0.0/24"
  }

  expect_failures = [var.cidr_block]
}
