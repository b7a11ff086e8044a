"""Measurements of the whole system beside the floors of the machine they run on."""
