# The same processes as on AWS, each in a container of podman on this machine.

locals {
  secrets = {
    token             = "${var.name}-token"
    database_password = "${var.name}-database-password"
    nats_url          = "${var.name}-nats-url"
    nats_config       = "${var.name}-nats-config"
  }

  carrier = merge([
    for name, process in var.processes : { for service in process.services : service => name } if process.only != "events"
  ]...)
}

resource "terraform_data" "network" {
  input = { podman = var.podman, name = var.name }

  provisioner "local-exec" {
    command = "'${var.podman}' network create '${var.name}' >/dev/null"
  }

  provisioner "local-exec" {
    when    = destroy
    command = "'${self.output.podman}' network rm --force '${self.output.name}' >/dev/null"
  }
}

# The values reach podman through its environment and are ephemeral: neither state nor plan has them. What comes but half
# to be is removed at once, here and below: Terraform runs no farewell for it.
resource "terraform_data" "secrets" {
  input            = { podman = var.podman, names = join(" ", values(local.secrets)) }
  triggers_replace = [var.secrets_generation]

  provisioner "local-exec" {
    environment = { TOKEN = var.token, DATABASE_PASSWORD = var.database_password, NATS_TOKEN = var.nats_token }
    command     = <<-EOT
      set -eu
      trap '[ $? = 0 ] || "${var.podman}" secret rm ${join(" ", values(local.secrets))} >/dev/null 2>&1 || true' EXIT
      keep() { '${var.podman}' secret rm "$1" >/dev/null 2>&1 || true; '${var.podman}' secret create "$1" - >/dev/null; }
      printf %s "$TOKEN" | keep '${local.secrets.token}'
      printf %s "$DATABASE_PASSWORD" | keep '${local.secrets.database_password}'
      printf %s "nats://$NATS_TOKEN@nats:4222" | keep '${local.secrets.nats_url}'
      printf 'authorization { token: "%s" }\njetstream { store_dir: /data, sync_interval: 1s }\n' "$NATS_TOKEN" \
        | keep '${local.secrets.nats_config}'
    EOT
  }

  provisioner "local-exec" {
    when    = destroy
    command = "'${self.output.podman}' secret rm ${self.output.names} >/dev/null"
  }
}

resource "terraform_data" "volumes" {
  input = { podman = var.podman, names = "${var.name}-postgres ${var.name}-nats" }

  provisioner "local-exec" {
    command = <<-EOT
      made=
      for name in ${self.input.names}; do
        '${var.podman}' volume create "$name" >/dev/null || { [ -z "$made" ] || '${var.podman}' volume rm $made >/dev/null; exit 1; }
        made="$made $name"
      done
    EOT
  }

  provisioner "local-exec" {
    when    = destroy
    command = "'${self.output.podman}' volume rm --force ${self.output.names} >/dev/null"
  }
}

module "postgres" {
  source = "../../modules/container"

  name       = "postgres"
  network    = terraform_data.network.output.name
  podman     = var.podman
  image      = var.postgres_image
  secrets    = { POSTGRES_PASSWORD = local.secrets.database_password }
  generation = var.secrets_generation
  volumes    = { "/var/lib/postgresql/data" = "${var.name}-postgres" }
  tmpfs      = ["/tmp"]
  # Its own folder for sockets is not to be written to.
  command = ["-c", "unix_socket_directories=/tmp"]
  ready   = ["sh", "-c", "$(command -v pg_isready || echo /usr/lib/postgresql/*/bin/pg_isready) -q -h 127.0.0.1"]

  depends_on = [terraform_data.secrets, terraform_data.volumes]
}

module "nats" {
  source = "../../modules/container"

  name         = "nats"
  network      = terraform_data.network.output.name
  podman       = var.podman
  image        = var.nats_image
  command      = ["--config", "/nats.conf"]
  secret_files = { (local.secrets.nats_config) = "/nats.conf" }
  generation   = var.secrets_generation
  volumes      = { "/data" = "${var.name}-nats" }

  depends_on = [terraform_data.secrets, terraform_data.volumes]
}

# The job that brings the database up to date, once for each image.
resource "terraform_data" "migrate" {
  triggers_replace = [var.spark_image, module.postgres.id]

  provisioner "local-exec" {
    command = join(" ", [
      "'${var.podman}' run --rm --network '${var.name}' --read-only --cap-drop ALL --tmpfs /tmp --entrypoint spark",
      "--env 'SPARK_DATABASE_URL=${local.database_url}'",
      "--secret '${local.secrets.database_password},type=env,target=PGPASSWORD'",
      "'${var.spark_image}' migrate",
    ])
  }
}

locals {
  database_url = "postgresql://postgres@postgres:5432/postgres"
}

module "process" {
  source   = "../../modules/container"
  for_each = var.processes

  name       = each.key
  network    = terraform_data.network.output.name
  podman     = var.podman
  image      = var.spark_image
  command    = concat(each.value.services, each.value.only == null ? [] : ["--only", each.value.only])
  generation = var.secrets_generation
  tmpfs      = ["/tmp"]
  ready      = ["spark", "probe"]

  environment = merge(
    { SPARK_DATABASE_URL = local.database_url, SPARK_MIGRATE = "0" },
    { for service, process in local.carrier : "SPARK_${upper(service)}_ADDR" => "${process}:7762" if process != each.key },
  )

  secrets = {
    SPARK_TOKEN    = local.secrets.token
    SPARK_NATS_URL = local.secrets.nats_url
    PGPASSWORD     = local.secrets.database_password
  }

  published = local.carrier["gateway"] == each.key ? { tostring(var.http_port) = 7761 } : {}

  depends_on = [terraform_data.migrate, module.nats]
}

# A hook from a container of its own, through the gateway, the bus and a worker, to what was stored. An apply that cannot
# do that has failed.
resource "terraform_data" "load_path" {
  triggers_replace = [for process in module.process : process.id]

  provisioner "local-exec" {
    command = join(" ", [
      "'${var.podman}' run --rm --interactive --network '${var.name}' --read-only --cap-drop ALL --tmpfs /tmp",
      "--secret '${local.secrets.token},type=env,target=SPARK_TOKEN' --entrypoint python3 '${var.spark_image}'",
      "- 'http://${local.carrier["gateway"]}:7761' 'http://${flatten(local.worker)[0]}:7761' < '${path.module}/hook.py'",
    ])
  }
}

locals {
  # Whoever stores events: a worker, else a process that does both.
  storing = [for name, process in var.processes : name if process.only != "calls" && contains(process.services, "telemetry")]
  worker  = [for only in ["events", null] : [for name in local.storing : name if var.processes[name].only == only]]
}
