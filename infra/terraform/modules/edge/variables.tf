variable "name" {
  description = "Prefix of all names; at most 24 letters, since a balancer's has 32."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,23}$", var.name))
    error_message = "name must be 1 to 24 small letters, digits and hyphens, beginning with a letter."
  }
}

variable "vpc_id" {
  description = "The network it is in."
  type        = string
}

variable "subnet_ids" {
  description = "Public subnets in two zones or more."
  type        = list(string)
}

variable "client_cidr_blocks" {
  description = "Who may connect, IPv4; everybody by default, for whom the token is the door."
  type        = list(string)
  default     = ["0.0.0.0/0"]

  validation {
    condition     = alltrue([for block in var.client_cidr_blocks : can(cidrhost(block, 0))])
    error_message = "client_cidr_blocks must be IPv4 ranges, such as 203.0.113.0/24."
  }
}

variable "target_security_group_id" {
  description = "Security group of the tasks behind it."
  type        = string
}

variable "target_port" {
  description = "Port of the gateway's HTTP."
  type        = number
}

variable "certificate_arn" {
  description = "Certificate in ACM for the public name."
  type        = string

  validation {
    condition     = startswith(var.certificate_arn, "arn:")
    error_message = "certificate_arn must be the ARN of a certificate in ACM, in the region of the balancer."
  }
}

variable "deletion_protection" {
  description = "Whether it refuses to be deleted."
  type        = bool
  default     = true
}
