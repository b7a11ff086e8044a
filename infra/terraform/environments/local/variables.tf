variable "name" {
  description = "Name of the network, and prefix of all that is in it."
  type        = string
  default     = "spark-local"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,29}$", var.name))
    error_message = "name must be 1 to 30 small letters, digits and hyphens, beginning with a letter."
  }
}

variable "podman" {
  description = "The program that runs containers."
  type        = string
  default     = "podman"
}

variable "spark_image" {
  description = "Spark's image (infra/docker/Dockerfile)."
  type        = string
}

variable "postgres_image" {
  description = "An image of PostgreSQL 15 or newer that takes POSTGRES_PASSWORD."
  type        = string
}

variable "nats_image" {
  description = "An image of NATS."
  type        = string
}

variable "http_port" {
  description = "Port on this machine's loopback for hooks and the dashboard."
  type        = number
  default     = 7761
}

variable "token" {
  description = "Token of the workspace, 16 characters or more; give it as TF_VAR_token. Kept by podman alone."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = length(var.token) >= 16
    error_message = "token must have 16 characters or more."
  }
}

variable "database_password" {
  description = "Password of PostgreSQL; give it as TF_VAR_database_password. It is the database's from the first apply on."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = length(var.database_password) >= 16
    error_message = "database_password must have 16 characters or more."
  }
}

variable "nats_token" {
  description = "Token of NATS, letters and digits; give it as TF_VAR_nats_token."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{16,}$", var.nats_token))
    error_message = "nats_token must have 16 letters, digits, _ and - or more: it stands in a URL."
  }
}

variable "secrets_generation" {
  description = "Raise it by one to take the secrets anew and start all containers with them."
  type        = number
  default     = 1
}

variable "processes" {
  description = "Processes by name: the services each carries, and whether it only answers calls or only consumes events."
  type        = map(object({ services = list(string), only = optional(string) }))

  default = {
    hot       = { services = ["gateway", "router", "packets", "prefetch", "memory"], only = "calls" }
    worker    = { services = ["gateway", "packets", "prefetch", "memory", "telemetry"], only = "events" }
    telemetry = { services = ["telemetry"], only = "calls" }
    inference = { services = ["inference"] }
  }
}
