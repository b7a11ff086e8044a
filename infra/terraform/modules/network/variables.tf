variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "cidr_block" {
  description = "Addresses of the network, IPv4; at least a /20, so that each subnet has 256 of them."
  type        = string
  default     = "10.40.0.0/16"

  validation {
    condition     = can(cidrhost(var.cidr_block, 0)) && tonumber(split("/", var.cidr_block)[1]) <= 20
    error_message = "cidr_block must be an IPv4 range of at least a /20, such as 10.40.0.0/16."
  }
}

variable "availability_zones" {
  description = "Zones to spread over, two to eight; balancers and Aurora need two."
  type        = list(string)

  validation {
    condition     = length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "availability_zones must not name a zone twice."
  }

  validation {
    condition     = length(var.availability_zones) >= 2 && length(var.availability_zones) <= 8
    error_message = "availability_zones must name two to eight zones of the region."
  }
}

variable "nat_per_zone" {
  description = "Whether each zone has a way out of its own: it outlives the loss of a zone, and costs as much again."
  type        = bool
  default     = false
}

variable "private_domain" {
  description = "Domain of the names inside the network, such as internal.spark.example.com."
  type        = string
}
