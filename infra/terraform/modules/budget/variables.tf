variable "name" {
  description = "Name of the budget."
  type        = string
}

variable "monthly_usd" {
  description = "What a month of the whole account may cost, US dollars."
  type        = number

  validation {
    condition     = var.monthly_usd > 0
    error_message = "monthly_usd must be more than 0."
  }
}

variable "emails" {
  description = "Who is told at 80 % spent, and when the month is foreseen to end above 100 %."
  type        = list(string)

  validation {
    condition     = length(var.emails) > 0 && alltrue([for email in var.emails : can(regex("^[^@ ]+@[^@ ]+$", email))])
    error_message = "emails must name at least one address: a budget that tells nobody is none."
  }
}
