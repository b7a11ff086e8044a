# Which processes there are, what each carries, and when there are more or fewer of it.

data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

locals {
  # The pool of GPUs must know the cluster, and the cluster the pool: a name settles who comes first.
  cluster_arn = join(":", [
    "arn", data.aws_partition.here.partition, "ecs", var.region, data.aws_caller_identity.here.account_id, "cluster/${var.name}"
  ])

  # Those that answer calls, and so stand behind the inner balancer.
  called = { for name, process in var.processes : name => process if process.only != "events" }

  carrier = merge([for name, process in local.called : { for service in process.services : service => name }]...)

  # The process that has the gateway is the public one.
  public = one([for name, process in local.called : name if contains(process.services, "gateway")])

  waiting = {
    namespace  = module.bus.metrics.waiting.namespace
    name       = module.bus.metrics.waiting.name
    dimensions = {}
    statistic  = "Maximum"
  }

  # Calls that found nobody: of those behind the inner balancer only what sleeps has no copy.
  unanswered = {
    namespace  = "AWS/ApplicationELB"
    name       = "HTTPCode_ELB_503_Count"
    dimensions = { LoadBalancer = module.rpc.arn_suffix }
    statistic  = "Sum"
  }

  wakes = { events = local.waiting, calls = local.unanswered }

  sleeps = {
    events = { for name, process in var.processes : name => local.waiting }
    calls = {
      for name, process in local.called : name => {
        namespace  = "AWS/ApplicationELB"
        name       = "RequestCount"
        dimensions = { LoadBalancer = module.rpc.arn_suffix, TargetGroup = module.rpc.target_group_arn_suffixes[name] }
        statistic  = "Sum"
      }
    }
  }
}

module "process" {
  source   = "../../modules/service"
  for_each = var.processes

  prefix            = var.name
  name              = each.key
  services          = each.value.services
  only              = each.value.only
  image             = coalesce(each.value.image, var.image)
  cpu               = each.value.cpu
  memory            = each.value.memory
  gpus              = each.value.gpus
  cpu_architecture  = each.value.gpus > 0 ? "X86_64" : var.cpu_architecture
  cluster           = { name = module.cluster.name, arn = module.cluster.arn }
  capacity_provider = each.value.gpus > 0 ? module.gpu[0].capacity_provider : each.value.capacity_provider
  subnet_ids        = module.network.private_subnet_ids
  security_group_id = module.cluster.task_security_group_id
  log_group         = module.cluster.log_group

  environment = merge(
    { SPARK_DATABASE_URL = module.database.url, SPARK_SECRETS_GENERATION = tostring(var.secrets_generation) },
    # A service that this process carries itself is never called over the network.
    { for service, process in local.carrier : "SPARK_${upper(service)}_ADDR" => module.rpc.address if process != each.key },
    each.value.environment,
  )

  secrets = merge(
    {
      SPARK_TOKEN    = module.secrets.arns["token"]
      SPARK_NATS_URL = module.bus.url_secret_arn
      PGPASSWORD     = module.secrets.arns["database-password"]
    },
    each.value.secrets,
  )

  target_groups = merge(
    each.key == local.public ? {
      for name in ["hooks", "web"] : name => { arn = module.edge.target_group_arns[name], protocol = "http" }
    } : {},
    contains(keys(local.called), each.key) ? {
      rpc = { arn = module.rpc.target_group_arns[each.key], protocol = "grpc" }
    } : {},
  )

  scaling = {
    min         = each.value.min
    max         = each.value.max
    initial     = each.value.initial
    cpu_percent = each.value.cpu_percent
    schedule    = each.value.schedule

    requests = each.key == local.public && each.value.hooks_per_minute != null ? {
      label      = "${module.edge.arn_suffix}/${module.edge.target_group_arn_suffixes["hooks"]}"
      per_minute = each.value.hooks_per_minute
    } : null

    wake = each.value.wake == null ? null : { metric = local.wakes[each.value.wake], steps = each.value.steps }
    sleep = each.value.wake == null ? null : {
      metric        = local.sleeps[each.value.wake][each.key]
      after_minutes = each.value.sleep_after_minutes
    }
  }
}
