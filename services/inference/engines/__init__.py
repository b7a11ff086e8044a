"""What stands behind the port: each file one kind of engine."""
