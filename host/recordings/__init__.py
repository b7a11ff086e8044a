"""Recorded sessions: learnt from at once, or driven through the real gateway in the order in which they happened."""
