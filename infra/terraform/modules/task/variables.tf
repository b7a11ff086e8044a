variable "prefix" {
  description = "Prefix of all names."
  type        = string
}

variable "name" {
  description = "Name of the process."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,19}$", var.name))
    error_message = "name must be 1 to 20 small letters, digits and hyphens, beginning with a letter."
  }
}

variable "image" {
  description = "Spark's image, with its tag or, better, its digest."
  type        = string

  validation {
    condition     = can(regex("^[^:@]+(:[0-9]+/[^:@]+)?(:[A-Za-z0-9_.-]+|@sha256:[0-9a-f]{64})$", var.image)) && !endswith(var.image, ":latest")
    error_message = "image must end in a tag other than latest, or in a digest: what runs must be told from what ran."
  }
}

variable "command" {
  description = "Words after `spark`."
  type        = list(string)
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
  description = "GPUs; with any, the task runs on instances of a pool and not on Fargate."
  type        = number
  default     = 0
}

variable "cpu_architecture" {
  description = "X86_64 or ARM64, as the image is."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "cpu_architecture must be X86_64 or ARM64."
  }
}

variable "user" {
  description = "uid:gid inside the container, as in infra/docker/Dockerfile."
  type        = string
  default     = "10001:10001"

  validation {
    condition     = can(regex("^[1-9][0-9]*:[1-9][0-9]*$", var.user))
    error_message = "user must be uid:gid, neither of them 0: nothing here runs as root."
  }
}

variable "environment" {
  description = "Settings that are no secret."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setintersection(keys(var.environment), ["SPARK_TOKEN", "PGPASSWORD", "SPARK_NATS_URL"])) == 0
    error_message = "SPARK_TOKEN, PGPASSWORD and SPARK_NATS_URL open something: give them in secrets."
  }
}

variable "secrets" {
  description = "ARNs in Secrets Manager, by the variable in which the process finds the value."
  type        = map(string)
  default     = {}
}

variable "ports" {
  description = "Ports that it listens on."
  type        = list(number)
  default     = []
}

variable "probed" {
  description = "Whether it stays and answers `spark probe`, as a service does and a job does not."
  type        = bool
  default     = true
}

variable "log_group" {
  description = "Log group: its name and its ARN."
  type        = object({ name = string, arn = string })
}
