mock_provider "aws" {}

variables {
  name        = "spark"
  monthly_usd = 250
  emails      = ["ops@example.com"]
}

run "as_it_comes" {
  command = apply

  assert {
    condition = toset([
      for notification in aws_budgets_budget.month.notification : "${notification.notification_type} ${notification.threshold}"
    ]) == toset(["ACTUAL 80", "FORECASTED 100"])
    error_message = "It must tell at 80 % spent, and when the month is foreseen to end above its limit."
  }

  assert {
    condition     = alltrue([for notification in aws_budgets_budget.month.notification : notification.subscriber_email_addresses == toset(["ops@example.com"])])
    error_message = "Each message must go to those given."
  }

  assert {
    condition     = aws_budgets_budget.month.limit_amount == "250" && aws_budgets_budget.month.time_unit == "MONTHLY"
    error_message = "The limit is that of a month."
  }
}

run "a_budget_that_tells_nobody_is_none" {
  command = plan

  variables {
    emails = []
  }

  expect_failures = [var.emails]
}
