"""The only importer of services: the `spark` command, the processes it runs and the embedded engines."""
