"""Packets: advice prepared ahead, found by key in one read."""
