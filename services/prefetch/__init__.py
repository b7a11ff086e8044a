"""Prefetch: what comes next in a session, and advice made ready for it."""
