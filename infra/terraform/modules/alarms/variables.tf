variable "name" {
  description = "Prefix of all names, and the namespace of what is counted in logs."
  type        = string
}

variable "service_levels_file" {
  description = "Path of chassis/slo.yaml."
  type        = string
}

variable "emails" {
  description = "Who is told; each has to confirm once."
  type        = list(string)
  default     = []
}

variable "balancer" {
  description = "The public balancer, as metrics name it."
  type        = string
}

variable "hooks_target_group" {
  description = "The target group of hooks, as metrics name it."
  type        = string
}

variable "log_group_name" {
  description = "Log group of all processes."
  type        = string
}

variable "bus_metrics" {
  description = "Metrics of the bus, by what they are: learning, preparations, store_free."
  type        = map(object({ namespace = string, name = string }))

  validation {
    condition     = length(setsubtract(["learning", "preparations", "store_free"], keys(var.bus_metrics))) == 0
    error_message = "bus_metrics must have learning, preparations and store_free."
  }
}
