variable "name" {
  description = "Name of the container, under which others in the network find it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,29}$", var.name))
    error_message = "name must be 1 to 30 small letters, digits and hyphens, beginning with a letter."
  }
}

variable "network" {
  description = "Network that it is in, and prefix of its name outside."
  type        = string
}

variable "image" {
  description = "Its image, which podman has or can fetch."
  type        = string
}

variable "entrypoint" {
  description = "Program in place of the image's own."
  type        = string
  default     = null
}

variable "command" {
  description = "Words after the program."
  type        = list(string)
  default     = []
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
  description = "Secrets of podman, by the variable in which the process finds the value."
  type        = map(string)
  default     = {}
}

variable "secret_files" {
  description = "Paths of files, by the secret of podman that each holds."
  type        = map(string)
  default     = {}
}

variable "tmpfs" {
  description = "Paths that may be written to and are gone with it."
  type        = list(string)
  default     = []
}

variable "volumes" {
  description = "Volumes by the path where they are."
  type        = map(string)
  default     = {}
}

variable "published" {
  description = "Ports in the container by the port on this machine's loopback."
  type        = map(number)
  default     = {}
}

variable "memory_mib" {
  description = "Most memory, MiB."
  type        = number
  default     = 512
}

variable "ready" {
  description = "A command inside that ends in 0 once it is ready; none is ready at once."
  type        = list(string)
  default     = []
}

variable "ready_seconds" {
  description = "Seconds within which it must be."
  type        = number
  default     = 60
}

variable "generation" {
  description = "Start it anew when this changes, as when a secret does."
  type        = number
  default     = 1
}

variable "podman" {
  description = "The program."
  type        = string
  default     = "podman"
}
