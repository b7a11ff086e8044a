"""Perception: a raw tool call and its error text become stable keys that lessons and packets are found by."""
