# Ephemeral values cannot be mocked, so this plans against the API that AWS_ENDPOINT_URL names.
provider "aws" {
  region = "eu-central-1"
}

variables {
  name                      = "spark"
  vpc_id                    = "vpc-1"
  subnet_ids                = ["subnet-1", "subnet-2"]
  client_security_group_ids = { tasks = "sg-tasks" }
}

run "password" {
  module {
    source = "../secrets"
  }

  variables {
    name          = "spark-database-test"
    templates     = { "database-password" = "%s" }
    recovery_days = 0
  }
}

run "as_it_comes" {
  command = plan

  variables {
    password_secret_arn = run.password.arns["database-password"]
  }

  assert {
    condition     = aws_rds_cluster.this.storage_encrypted && alltrue([for instance in aws_rds_cluster_instance.this : !instance.publicly_accessible])
    error_message = "The database must be encrypted, and have no public address."
  }

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.clients : "${rule.referenced_security_group_id}:${rule.from_port}-${rule.to_port}"] == ["sg-tasks:5432-5432"]
    error_message = "Only its clients' security groups may connect."
  }

  assert {
    condition     = anytrue([for parameter in aws_rds_cluster_parameter_group.this.parameter : parameter.name == "rds.force_ssl" && parameter.value == "1"])
    error_message = "Connections without TLS must be refused."
  }

  assert {
    condition     = aws_rds_cluster.this.master_password == null && aws_rds_cluster.this.master_password_wo == null
    error_message = "The password would lie in the state."
  }


  assert {
    condition = (
      one(aws_rds_cluster.this.serverlessv2_scaling_configuration).min_capacity == 0
      && one(aws_rds_cluster.this.serverlessv2_scaling_configuration).seconds_until_auto_pause == 900
      && aws_rds_cluster_instance.this[0].instance_class == "db.serverless"
    )
    error_message = "By default it goes to 0 ACU after a quarter of an hour without a connection."
  }

  assert {
    condition     = aws_rds_cluster.this.deletion_protection && !aws_rds_cluster.this.skip_final_snapshot && aws_rds_cluster.this.final_snapshot_identifier == "spark-final"
    error_message = "What users have taught Spark must not be lost to a slip."
  }

  assert {
    condition     = alltrue([for instance in aws_rds_cluster_instance.this : !instance.auto_minor_version_upgrade])
    error_message = "A version must not change behind Terraform's back, which would ask for the older one."
  }
}

run "it_stays_awake_where_it_may_not_pause" {
  command = plan

  variables {
    password_secret_arn = run.password.arns["database-password"]
    min_capacity        = 0.5
  }

  assert {
    condition     = one(aws_rds_cluster.this.serverlessv2_scaling_configuration).min_capacity == 0.5
    error_message = "The least capacity must be that which was asked for."
  }
}

run "an_old_postgres_is_refused" {
  command = plan

  variables {
    password_secret_arn = run.password.arns["database-password"]
    engine_version      = "14.12"
  }

  expect_failures = [var.engine_version]
}

run "capacity_comes_in_halves" {
  command = plan

  variables {
    password_secret_arn = run.password.arns["database-password"]
    min_capacity        = 0.3
  }

  expect_failures = [var.min_capacity]
}

run "a_name_that_rds_refuses" {
  command = plan

  variables {
    password_secret_arn = run.password.arns["database-password"]
    name                = "spark--two"
  }

  expect_failures = [var.name]
}

run "the_most_is_not_less_than_the_least" {
  command = plan

  variables {
    password_secret_arn = run.password.arns["database-password"]
    min_capacity        = 8
  }

  expect_failures = [var.max_capacity]
}
