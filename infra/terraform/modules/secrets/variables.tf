variable "name" {
  description = "Prefix of the secrets' names."
  type        = string
}

variable "templates" {
  description = "What to make, by name: a format with one %s, where the random part goes (48 letters and digits)."
  type        = map(string)

  validation {
    condition     = alltrue([for template in values(var.templates) : length(split("%s", template)) == 2])
    error_message = "Each template must have exactly one %s."
  }
}

variable "generation" {
  description = "Raise it by one to make all of them anew."
  type        = number
  default     = 1

  validation {
    condition     = var.generation >= 1 && floor(var.generation) == var.generation
    error_message = "generation must be a whole number from 1."
  }
}

variable "recovery_days" {
  description = "Days for which a deleted secret can be brought back: 7 to 30, or 0 for none."
  type        = number
  default     = 7

  validation {
    condition     = var.recovery_days == 0 || (var.recovery_days >= 7 && var.recovery_days <= 30)
    error_message = "recovery_days must be 0 or 7 to 30."
  }
}

variable "kms_key_arn" {
  description = "Key to encrypt them with; null takes the account's own key of Secrets Manager."
  type        = string
  default     = null
}
