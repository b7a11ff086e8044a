variable "name" {
  description = "Name of this Spark in AWS, and prefix of all names; two of them in one account differ in it."
  type        = string
  default     = "spark"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name)) && length(var.name) <= 16
    error_message = "name must be 1 to 16 small letters, digits and single hyphens in between, beginning with a letter."
  }

  validation {
    condition     = var.name != "internal" && !startswith(var.name, "internal-")
    error_message = "name must not begin with internal: no balancer of AWS may."
  }
}

variable "region" {
  description = "Region of AWS."
  type        = string
  default     = "eu-central-1"
}

variable "availability_zones" {
  description = "Zones of the region to spread over, two or more."
  type        = list(string)
  default     = ["eu-central-1a", "eu-central-1b"]
}

variable "cidr_block" {
  description = "Addresses of the network."
  type        = string
  default     = "10.40.0.0/16"
}

variable "nat_per_zone" {
  description = "Whether each zone has a way out of its own."
  type        = bool
  default     = false
}

variable "domain" {
  description = "Public name of this Spark, such as spark.example.com."
  type        = string
}

variable "private_domain" {
  description = "Domain of names inside the network; null takes internal.DOMAIN."
  type        = string
  default     = null
}

variable "certificate_arn" {
  description = "Certificate in ACM, in this region, for the public name and for rpc.PRIVATE_DOMAIN."
  type        = string
}

variable "client_cidr_blocks" {
  description = "Who may reach hooks, MCP and the dashboard, IPv4."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "image" {
  description = "Spark's image, with a tag or a digest."
  type        = string
}

variable "cpu_architecture" {
  description = "X86_64 or ARM64, as the image is."
  type        = string
  default     = "X86_64"
}

variable "nats_image" {
  description = "Image of NATS for arm64, with a tag or a digest."
  type        = string
}

variable "bus_ami_id" {
  description = "Image of the instance of NATS; null takes the newest Amazon Linux 2023. Another one is taken when the instance is made anew."
  type        = string
  default     = null
}

variable "emails" {
  description = "Who is told of alarms and of the budget."
  type        = list(string)
}

variable "monthly_usd" {
  description = "What a month may cost, US dollars."
  type        = number
}

variable "secrets_generation" {
  description = "Raise it by one to make the token, the database's password and the bus's token anew."
  type        = number
  default     = 1
}

variable "protected" {
  description = "Whether database and balancers refuse to be deleted, and what is deleted leaves a copy for a while."
  type        = bool
  default     = true
}

variable "database" {
  description = "Aurora: version, capacity in ACU (0 pauses), and instances."
  type = object({
    engine_version = optional(string, "16.6")
    min_capacity   = optional(number, 0)
    max_capacity   = optional(number, 4)
    instances      = optional(number, 1)
  })
  default = {}
}

variable "gpu" {
  description = "Pool of GPUs for processes that want one; null is none."
  type = object({
    instance_type = optional(string, "g6.xlarge")
    max_instances = optional(number, 1)
    spot          = optional(bool, false)
    ami_id        = optional(string)
  })
  default = null
}

variable "processes" {
  description = <<-EOT
    Processes by name. The hot chain (gateway, router, packets, prefetch) stays in one of them, of which there are
    copies: a hop between hosts costs more than all that a hook does. `wake` makes a process sleep at `min` and wakes it
    by `events` that wait or by `calls` that found nobody; without it, `cpu_percent` and `hooks_per_minute` are followed.
  EOT
  type = map(object({
    services            = list(string)
    only                = optional(string)
    image               = optional(string)
    cpu                 = number
    memory              = number
    gpus                = optional(number, 0)
    capacity_provider   = optional(string, "FARGATE")
    min                 = number
    max                 = number
    initial             = optional(number, 1)
    cpu_percent         = optional(number)
    hooks_per_minute    = optional(number)
    wake                = optional(string)
    steps               = optional(list(object({ from = number, copies = number })), [{ from = 0, copies = 1 }])
    sleep_after_minutes = optional(number, 15)
    schedule            = optional(map(object({ schedule = string, timezone = optional(string, "UTC"), min = number, max = optional(number) })), {})
    environment         = optional(map(string), {})
    secrets             = optional(map(string), {})
  }))

  default = {
    hot = {
      services         = ["gateway", "router", "packets", "prefetch", "memory"]
      only             = "calls"
      cpu              = 512
      memory           = 1024
      min              = 1
      max              = 10
      cpu_percent      = 60
      hooks_per_minute = 30000
    }
    worker = {
      services          = ["gateway", "packets", "prefetch", "memory", "telemetry"]
      only              = "events"
      cpu               = 512
      memory            = 1024
      capacity_provider = "FARGATE_SPOT"
      min               = 0
      # Events go to one process at a time, and a second one would stand by (docs/adr/0018): where one is too slow,
      # give each service a worker of its own.
      max  = 1
      wake = "events"
      # Once a day also without work: days that are over are folded and dropped.
      schedule = {
        open  = { schedule = "cron(0 3 * * ? *)", min = 1 }
        close = { schedule = "cron(30 3 * * ? *)", min = 0 }
      }
    }
    telemetry = {
      services    = ["telemetry"]
      only        = "calls"
      cpu         = 256
      memory      = 512
      min         = 1
      max         = 4
      cpu_percent = 60
    }
    inference = {
      services            = ["inference"]
      cpu                 = 256
      memory              = 512
      min                 = 0
      max                 = 1
      initial             = 0
      wake                = "calls"
      sleep_after_minutes = 30
    }
  }

  validation {
    condition = alltrue([
      for service in ["gateway", "router", "packets", "memory", "prefetch", "telemetry", "inference"] :
      length([for process in values(var.processes) : true if process.only != "events" && contains(process.services, service)]) == 1
    ])
    error_message = "Each service must be called in one process alone: gateway, router, packets, memory, prefetch, telemetry, inference."
  }

  validation {
    condition     = alltrue([for process in values(var.processes) : process.wake == null || contains(["events", "calls"], coalesce(process.wake, "events"))])
    error_message = "wake must be events, calls or null."
  }

  validation {
    condition     = alltrue([for process in values(var.processes) : process.gpus == 0]) || var.gpu != null
    error_message = "A process wants GPUs and there is no pool: set gpu."
  }
}
