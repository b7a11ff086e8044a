variable "name" {
  description = "Name of the cluster."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name)) && length(var.name) <= 60
    error_message = "name must be 1 to 60 small letters, digits and single hyphens in between: RDS takes no other."
  }
}

variable "vpc_id" {
  description = "The network it is in."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in two zones or more."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids must name subnets in two zones or more."
  }
}

variable "client_security_group_ids" {
  description = "Security groups that may connect, by a word for each."
  type        = map(string)
}

variable "engine_version" {
  description = "Version of Aurora PostgreSQL. Pausing at 0 ACU needs 13.15, 14.12, 15.7, 16.3, or newer."
  type        = string
  default     = "16.6"

  validation {
    condition     = can(regex("^1[5-9]\\.[0-9]+$", var.engine_version))
    error_message = "engine_version must be 15 or newer, such as 16.6."
  }
}

variable "min_capacity" {
  description = "Least capacity, ACU (2 GiB each); 0 pauses the cluster when nobody has been connected for a while."
  type        = number
  default     = 0

  validation {
    condition     = var.min_capacity >= 0 && var.min_capacity * 2 == floor(var.min_capacity * 2)
    error_message = "min_capacity must be a multiple of 0.5 from 0."
  }
}

variable "max_capacity" {
  description = "Most capacity, ACU."
  type        = number
  default     = 4

  validation {
    condition     = var.max_capacity >= max(1, var.min_capacity) && var.max_capacity <= 256
    error_message = "max_capacity must lie between 1 and 256, and not below min_capacity."
  }
}

variable "pause_after_seconds" {
  description = "Seconds without a connection until it pauses, where min_capacity is 0."
  type        = number
  default     = 900

  validation {
    condition     = var.pause_after_seconds >= 300 && var.pause_after_seconds <= 86400
    error_message = "pause_after_seconds must lie between 300 and 86400."
  }
}

variable "instances" {
  description = "Instances: the writer, and those that take over when it is lost."
  type        = number
  default     = 1

  validation {
    condition     = var.instances >= 1 && var.instances <= 15
    error_message = "instances must lie between 1 and 15."
  }
}

variable "password_secret_arn" {
  description = "Secret with the password of the user `spark`."
  type        = string
}

variable "password_generation" {
  description = "Raise it with that of the secret, so that the cluster takes the new one."
  type        = number
  default     = 1
}

variable "backup_days" {
  description = "Days for which it can be put back to any second."
  type        = number
  default     = 7

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "backup_days must lie between 1 and 35."
  }
}

variable "deletion_protection" {
  description = "Whether it refuses to be deleted, and leaves a last snapshot when it is."
  type        = bool
  default     = true
}

variable "kms_key_arn" {
  description = "Key of its storage; null takes the account's own key of RDS."
  type        = string
  default     = null
}
