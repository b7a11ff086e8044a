variable "prefix" {
  description = "Prefix of all names."
  type        = string
}

variable "name" {
  description = "Name of the process."
  type        = string
}

variable "services" {
  description = "Services that it carries, as `spark serve` names them."
  type        = list(string)

  validation {
    condition = length(var.services) > 0 && length(setsubtract(var.services, [
      "gateway", "router", "packets", "memory", "prefetch", "telemetry", "inference"
    ])) == 0
    error_message = "services must be some of gateway, router, packets, memory, prefetch, telemetry, inference."
  }
}

variable "only" {
  description = "`calls` answers and does nothing behind, `events` is a worker, null is both."
  type        = string
  default     = null

  validation {
    condition     = var.only == null || contains(["calls", "events"], coalesce(var.only, "calls"))
    error_message = "only must be calls, events or null."
  }
}

variable "image" {
  description = "Spark's image."
  type        = string
}

variable "cpu" {
  description = "CPU, in 1/1024 of a core."
  type        = number
}

variable "memory" {
  description = "Memory, MiB."
  type        = number
}

variable "gpus" {
  description = "GPUs of each copy."
  type        = number
  default     = 0
}

variable "cpu_architecture" {
  description = "X86_64 or ARM64, as the image is."
  type        = string
  default     = "X86_64"
}

variable "user" {
  description = "uid:gid inside the container."
  type        = string
  default     = "10001:10001"
}

variable "environment" {
  description = "Settings that are no secret."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "ARNs in Secrets Manager, by the variable in which the process finds the value."
  type        = map(string)
  default     = {}
}

variable "log_group" {
  description = "Log group: its name and its ARN."
  type        = object({ name = string, arn = string })
}

variable "cluster" {
  description = "Cluster that it runs in: its name and its ARN."
  type        = object({ name = string, arn = string })
}

variable "capacity_provider" {
  description = "FARGATE, FARGATE_SPOT, or a pool of instances."
  type        = string
  default     = "FARGATE"
}

variable "subnet_ids" {
  description = "Private subnets that it runs in."
  type        = list(string)
}

variable "security_group_id" {
  description = "Security group of tasks."
  type        = string
}

variable "target_groups" {
  description = "Target groups of balancers, by a word for each; protocol is http or grpc. ECS takes five at most."
  type        = map(object({ arn = string, protocol = string }))
  default     = {}

  validation {
    condition     = length(var.target_groups) <= 5
    error_message = "ECS takes five target groups of a service at most."
  }

  validation {
    condition     = alltrue([for group in values(var.target_groups) : contains(["http", "grpc"], group.protocol)])
    error_message = "protocol must be http or grpc."
  }
}

variable "scaling" {
  description = <<-EOT
    Copies: `min` and `max` for ever, `initial` at the first apply. Either `cpu_percent` and `requests` (a minute and
    copy; `label` names balancer and target group) are followed, or `wake` and `sleep` watch a metric of work that waits:
    more than 0 of it gives the `copies` of the step whose `from` it has reached, `after_minutes` without any of both give
    `min`. `schedule` changes `min`, and `max` where it says so, at times of the day: a `max` of 0 closes.
  EOT
  type = object({
    min         = number
    max         = number
    initial     = number
    cpu_percent = optional(number)
    requests    = optional(object({ label = string, per_minute = number }))
    wake = optional(object({
      metric = object({ namespace = string, name = string, dimensions = map(string), statistic = string })
      steps  = list(object({ from = number, copies = number }))
    }))
    sleep = optional(object({
      metric        = object({ namespace = string, name = string, dimensions = map(string), statistic = string })
      after_minutes = number
    }))
    schedule = optional(map(object({ schedule = string, timezone = optional(string, "UTC"), min = number, max = optional(number) })), {})
  })

  validation {
    condition     = var.scaling.min >= 0 && var.scaling.min <= var.scaling.max
    error_message = "scaling.min must lie between 0 and scaling.max."
  }

  validation {
    condition     = (var.scaling.wake == null) == (var.scaling.sleep == null)
    error_message = "scaling.wake and scaling.sleep come together: else it never sleeps, or never wakes."
  }

  validation {
    condition     = var.scaling.min > 0 || var.scaling.wake != null || length(var.scaling.schedule) > 0
    error_message = "With scaling.min at 0 nothing starts it again: give scaling.wake and scaling.sleep, or a schedule."
  }

  validation {
    condition     = var.scaling.wake == null || try(var.scaling.wake.steps[0].from, -1) == 0
    error_message = "The first of scaling.wake.steps must begin at 0."
  }
}
