# Spark on AWS: what is in it can be read here as a list.

locals {
  private_domain = coalesce(var.private_domain, "internal.${var.domain}")
  rpc_host       = "rpc.${local.private_domain}"
  bus_host       = "nats.${local.private_domain}"

  http_port = 7761
  grpc_port = 7762

  full_names = {
    gateway   = "spark.gateway.v1.HooksService"
    router    = "spark.router.v1.RouterService"
    packets   = "spark.packets.v1.PacketsService"
    memory    = "spark.memory.v1.MemoryService"
    prefetch  = "spark.prefetch.v1.PrefetchService"
    telemetry = "spark.telemetry.v1.TelemetryService"
    inference = "spark.inference.v1.InferenceService"
  }
}

module "network" {
  source = "../../modules/network"

  name               = var.name
  cidr_block         = var.cidr_block
  availability_zones = var.availability_zones
  nat_per_zone       = var.nat_per_zone
  private_domain     = local.private_domain
}

module "secrets" {
  source = "../../modules/secrets"

  name          = var.name
  generation    = var.secrets_generation
  recovery_days = var.protected ? 7 : 0

  templates = {
    "token"             = "%s"
    "database-password" = "%s"
    "nats-url"          = "nats://%s@${local.bus_host}:4222"
  }
}

module "database" {
  source = "../../modules/database"

  name                      = var.name
  vpc_id                    = module.network.vpc_id
  subnet_ids                = module.network.private_subnet_ids
  client_security_group_ids = { tasks = module.cluster.task_security_group_id }
  engine_version            = var.database.engine_version
  min_capacity              = var.database.min_capacity
  max_capacity              = var.database.max_capacity
  instances                 = var.database.instances
  password_secret_arn       = module.secrets.arns["database-password"]
  password_generation       = var.secrets_generation
  deletion_protection       = var.protected
}

module "bus" {
  source = "../../modules/bus"

  name                      = var.name
  vpc_id                    = module.network.vpc_id
  subnet_id                 = module.network.private_subnet_ids[0]
  client_security_group_ids = { tasks = module.cluster.task_security_group_id }
  image                     = var.nats_image
  url_secret_arn            = module.secrets.arns["nats-url"]
  url_generation            = var.secrets_generation
  host                      = local.bus_host
  private_zone_id           = module.network.private_zone_id
  metric_namespace          = "${var.name}-bus"
  keep_snapshot             = var.protected
  ami_id                    = var.bus_ami_id
}

module "cluster" {
  source = "../../modules/cluster"

  name               = var.name
  vpc_id             = module.network.vpc_id
  vpc_cidr_block     = module.network.cidr_block
  capacity_providers = [for pool in module.gpu : pool.capacity_provider]

  ingress = {
    "HTTP of the public balancer" = { security_group_id = module.edge.security_group_id, port = local.http_port }
    "gRPC of the inner balancer"  = { security_group_id = module.rpc.security_group_id, port = local.grpc_port }
  }
}

module "gpu" {
  source = "../../modules/gpu"
  count  = var.gpu == null ? 0 : 1

  name          = var.name
  vpc_id        = module.network.vpc_id
  subnet_ids    = module.network.private_subnet_ids
  cluster_name  = var.name
  cluster_arn   = local.cluster_arn
  instance_type = var.gpu.instance_type
  max_instances = var.gpu.max_instances
  spot          = var.gpu.spot
  ami_id        = var.gpu.ami_id
}

module "edge" {
  source = "../../modules/edge"

  name                     = var.name
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.public_subnet_ids
  client_cidr_blocks       = var.client_cidr_blocks
  target_security_group_id = module.cluster.task_security_group_id
  target_port              = local.http_port
  certificate_arn          = var.certificate_arn
  deletion_protection      = var.protected
}

module "rpc" {
  source = "../../modules/rpc"

  name                   = var.name
  vpc_id                 = module.network.vpc_id
  subnet_ids             = module.network.private_subnet_ids
  task_security_group_id = module.cluster.task_security_group_id
  target_port            = local.grpc_port
  certificate_arn        = var.certificate_arn
  host                   = local.rpc_host
  private_zone_id        = module.network.private_zone_id
  deletion_protection    = var.protected

  services = { for name, process in local.called : name => [for service in process.services : local.full_names[service]] }
}

module "migrate" {
  source = "../../modules/migrate"

  prefix            = var.name
  image             = var.image
  cpu_architecture  = var.cpu_architecture
  environment       = { SPARK_DATABASE_URL = module.database.url }
  secrets           = { PGPASSWORD = module.secrets.arns["database-password"] }
  log_group         = module.cluster.log_group
  cluster           = module.cluster.name
  subnet_ids        = module.network.private_subnet_ids
  security_group_id = module.cluster.task_security_group_id
}

module "alarms" {
  source = "../../modules/alarms"

  name                = var.name
  service_levels_file = "${path.module}/../../../../chassis/slo.yaml"
  emails              = var.emails
  balancer            = module.edge.arn_suffix
  hooks_target_group  = module.edge.target_group_arn_suffixes["hooks"]
  log_group_name      = module.cluster.log_group.name
  bus_metrics         = module.bus.metrics
}

module "budget" {
  source = "../../modules/budget"

  name        = var.name
  monthly_usd = var.monthly_usd
  emails      = var.emails
}
