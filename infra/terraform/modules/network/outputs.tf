output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "cidr_block" {
  description = "Its addresses."
  value       = aws_vpc.this.cidr_block
}

output "public_subnet_ids" {
  description = "Subnets for what the internet may reach: the public balancer."
  value       = [for zone in var.availability_zones : aws_subnet.public[zone].id]
}

output "private_subnet_ids" {
  description = "Subnets for all else, once they have a way out."
  value       = [for zone in var.availability_zones : aws_subnet.private[zone].id]
  depends_on  = [aws_route.private, aws_route_table_association.private]
}

output "private_subnets" {
  description = "Private subnets by their zone."
  value       = { for zone, subnet in aws_subnet.private : zone => subnet.id }
}

output "private_zone_id" {
  description = "The hosted zone of names inside the network."
  value       = aws_route53_zone.private.zone_id
}
