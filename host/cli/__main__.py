"""Runs the `spark` command as `python -m host.cli`, independent of where its script lies."""

from host.cli.main import main

main()
