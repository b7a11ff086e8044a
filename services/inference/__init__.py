"""Inference: engines behind one port, answers by a small model and a council, and words for advice."""
