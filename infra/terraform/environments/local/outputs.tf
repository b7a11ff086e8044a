output "gateway" {
  description = "Where hooks are sent, and the dashboard is."
  value       = "http://127.0.0.1:${var.http_port}"
}
