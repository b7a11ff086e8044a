"""Keeps every decision, said or silent, for people to see and to count."""
