# Says early when a month becomes dearer than was meant. It stops nothing.

resource "aws_budgets_budget" "month" {
  name         = var.name
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_usd)
  limit_unit   = "USD"

  dynamic "notification" {
    for_each = [
      { type = "ACTUAL", percent = 80 },
      { type = "FORECASTED", percent = 100 },
    ]

    content {
      notification_type          = notification.value.type
      comparison_operator        = "GREATER_THAN"
      threshold                  = notification.value.percent
      threshold_type             = "PERCENTAGE"
      subscriber_email_addresses = var.emails
    }
  }
}
