"""What every process needs to carry a service; knows no service."""
