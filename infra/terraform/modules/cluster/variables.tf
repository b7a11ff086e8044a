variable "name" {
  description = "Name of the cluster."
  type        = string
}

variable "vpc_id" {
  description = "The network it is in."
  type        = string
}

variable "vpc_cidr_block" {
  description = "Addresses of the network."
  type        = string
}

variable "capacity_providers" {
  description = "Capacity providers beside Fargate's, such as a pool of GPUs."
  type        = list(string)
  default     = []
}

variable "ingress" {
  description = "Who may connect to tasks, by a word for each: a security group and a port."
  type        = map(object({ security_group_id = string, port = number }))
}

variable "log_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 14

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400], var.log_days)
    error_message = "log_days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400."
  }
}

variable "kms_key_arn" {
  description = "Key of the logs; null leaves them to CloudWatch's own encryption."
  type        = string
  default     = null
}
