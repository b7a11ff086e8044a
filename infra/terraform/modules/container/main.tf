# One container of podman, which needs no provider: what is built in runs the command that starts it, and the one that
# removes it. It is started anew when anything about it changes. That it died by itself Terraform does not see; podman
# starts it again.

locals {
  given = concat(
    ["run", "--detach", "--replace", "--name", "${var.network}-${var.name}"],
    ["--network", var.network, "--network-alias", var.name],
    ["--restart", "always", "--stop-timeout", "15", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
    ["--read-only", "--memory", "${var.memory_mib}m"],
    flatten([for path in var.tmpfs : ["--tmpfs", path]]),
    flatten([for path, name in var.volumes : ["--volume", "${name}:${path}"]]),
    flatten([for name in sort(keys(var.environment)) : ["--env", "${name}=${var.environment[name]}"]]),
    flatten([for name in sort(keys(var.secrets)) : ["--secret", "${var.secrets[name]},type=env,target=${name}"]]),
    flatten([for name, path in var.secret_files : ["--secret", "${name},type=mount,target=${path}"]]),
    flatten([for port, inside in var.published : ["--publish", "127.0.0.1:${port}:${inside}"]]),
    var.entrypoint == null ? [] : ["--entrypoint", var.entrypoint],
    [var.image],
    var.command,
  )

  run   = join(" ", [for word in concat([var.podman], local.given) : "'${replace(word, "'", "'\\''")}'"])
  ready = join(" ", [for word in concat([var.podman, "exec", "${var.network}-${var.name}"], var.ready) : "'${replace(word, "'", "'\\''")}'"])
}

resource "terraform_data" "this" {
  input            = { podman = var.podman, name = "${var.network}-${var.name}" }
  triggers_replace = [local.run, var.generation]

  # What does not become ready is removed at once: Terraform runs no farewell for what never came to be.
  provisioner "local-exec" {
    command = <<-EOT
      # What stays beside a container keeps what it was given as output: Terraform would wait for it for ever.
      said=$(mktemp)
      trap 'rm -f "$said"' EXIT
      ${local.run} >/dev/null 2>"$said" || { cat "$said" >&2; exit 1; }
      ${length(var.ready) == 0 ? "exit 0" : ""}
      for _ in $(seq ${var.ready_seconds * 2}); do
        ${local.ready} >/dev/null 2>&1 && exit 0
        sleep 0.5
      done
      echo "${var.name} is not ready after ${var.ready_seconds} s; it said:" >&2
      '${var.podman}' logs --tail 30 '${var.network}-${var.name}' >&2
      '${var.podman}' rm --force --volumes --time 0 '${var.network}-${var.name}' >/dev/null
      exit 1
    EOT
  }

  provisioner "local-exec" {
    when    = destroy
    command = "'${self.output.podman}' rm --force --ignore --volumes --time 15 '${self.output.name}' >/dev/null"
  }
}
