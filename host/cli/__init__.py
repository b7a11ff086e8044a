"""The `spark` command."""
