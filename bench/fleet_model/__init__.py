"""What a fleet of Sparks needs and costs, computed from what was measured; `make scale` writes docs/scale.md by it."""
