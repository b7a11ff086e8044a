"""The command that hooks run where a client has no HTTP hooks: native where it was built, else in Python."""
