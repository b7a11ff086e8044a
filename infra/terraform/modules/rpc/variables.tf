variable "name" {
  description = "Prefix of all names; at most 16 letters, since a target group's has 32."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,15}$", var.name))
    error_message = "name must be 1 to 16 small letters, digits and hyphens, beginning with a letter."
  }
}

variable "vpc_id" {
  description = "The network it is in."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in two zones or more."
  type        = list(string)
}

variable "services" {
  description = "Full names of the gRPC services that each process carries, such as spark.packets.v1.PacketsService."
  type        = map(set(string))

  validation {
    condition = length(distinct(flatten([for names in values(var.services) : tolist(names)]))) == sum(
      concat([0], [for names in values(var.services) : length(names)])
    )
    error_message = "A service must be carried by one process alone."
  }

  validation {
    condition     = alltrue([for process in keys(var.services) : can(regex("^[a-z][a-z0-9]{0,9}$", process))])
    error_message = "The name of a process must be 1 to 10 small letters and digits."
  }
}

variable "task_security_group_id" {
  description = "Security group of the tasks, which are both callers and targets."
  type        = string
}

variable "target_port" {
  description = "Port of gRPC in the tasks."
  type        = number
}

variable "certificate_arn" {
  description = "Certificate in ACM for `host`."
  type        = string

  validation {
    condition     = startswith(var.certificate_arn, "arn:")
    error_message = "certificate_arn must be the ARN of a certificate in ACM, in the region of the balancer."
  }
}

variable "host" {
  description = "Name under which it is called inside the network."
  type        = string
}

variable "private_zone_id" {
  description = "Hosted zone of that name."
  type        = string
}

variable "deletion_protection" {
  description = "Whether it refuses to be deleted."
  type        = bool
  default     = true
}
