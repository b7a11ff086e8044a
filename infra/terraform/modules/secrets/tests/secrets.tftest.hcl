# Ephemeral values cannot be mocked, so this runs against the API that AWS_ENDPOINT_URL names.
provider "aws" {
  region = "eu-central-1"
}

variables {
  name          = "spark-secrets-test"
  recovery_days = 0
  templates = {
    "token"    = "%s"
    "nats-url" = "nats://%s@nats.internal:4222"
  }
}

run "as_it_comes" {
  command = apply

  assert {
    condition     = alltrue([for version in aws_secretsmanager_secret_version.this : coalesce(version.secret_string, "none") == "none"])
    error_message = "A value given as secret_string would lie in the state."
  }

  assert {
    condition     = toset(keys(output.arns)) == toset(["token", "nats-url"])
    error_message = "Each secret must be told by its name."
  }
}

run "a_new_generation_makes_new_ones" {
  command = apply

  variables {
    generation = 2
  }

  assert {
    condition     = alltrue([for version in aws_secretsmanager_secret_version.this : version.secret_string_wo_version == 2])
    error_message = "Raising the generation must write each secret anew."
  }
}

run "a_template_has_a_place_for_the_secret" {
  command = plan

  variables {
    templates = { "token" = "always-the-same" }
  }

  expect_failures = [var.templates]
}
