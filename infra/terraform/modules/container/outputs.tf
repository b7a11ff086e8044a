output "id" {
  description = "Changes whenever the container is started anew."
  value       = terraform_data.this.id
}

output "name" {
  description = "Its name outside the network."
  value       = terraform_data.this.output.name
}
