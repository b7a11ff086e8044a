# Planned alone: nothing is started.
variables {
  name        = "hot"
  network     = "spark-local"
  image       = "localhost/spark:test"
  command     = ["gateway", "--only", "calls"]
  environment = { NOTE = "it's" }
  secrets     = { SPARK_TOKEN = "spark-local-token" }
  published   = { "17761" = 7761 }
}

run "as_it_comes" {
  command = plan

  assert {
    condition = alltrue([
      for word in ["'--read-only'", "'--cap-drop' 'ALL'", "'--security-opt' 'no-new-privileges'"] :
      strcontains(terraform_data.this.triggers_replace[0], word)
    ])
    error_message = "A container must not write to its own file system, nor have powers."
  }

  assert {
    condition     = strcontains(terraform_data.this.triggers_replace[0], "'NOTE=it'\\''s'")
    error_message = "A quote in a setting must not end the word it is in."
  }

  assert {
    condition     = strcontains(terraform_data.this.triggers_replace[0], "'spark-local-token,type=env,target=SPARK_TOKEN'")
    error_message = "A secret must be named, so that its value lies nowhere else."
  }

  assert {
    condition     = strcontains(terraform_data.this.triggers_replace[0], "'127.0.0.1:17761:7761'")
    error_message = "A port may be published on loopback alone."
  }

  assert {
    condition     = endswith(terraform_data.this.triggers_replace[0], "'localhost/spark:test' 'gateway' '--only' 'calls'")
    error_message = "The image comes last, and then its words."
  }
}

run "a_secret_is_no_setting" {
  command = plan

  variables {
    environment = { SPARK_TOKEN = "abc" }
  }

  expect_failures = [var.environment]
}
