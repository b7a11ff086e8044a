"""The services; each meets the others in the contracts alone."""
