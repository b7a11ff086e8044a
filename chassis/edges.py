"""Edges of histograms that stand on the service levels: how many kept a level is then a count, and no guess between two
edges."""

from __future__ import annotations

HOOK_EDGES_S = (0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.4, 0.5, 1.0, 1.2, 1.8)
"""Of a hook, in seconds. 2 ms is the target for half of them, 250 ms a hook's deadline, 400 ms the level of the first
call of a tool, 1 s the patience of an installed hook, 1.2 s the level of 95 in 100 and 1.8 s that of 99 in 100."""

AGENT_0_EDGES_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.2, 2.0, 4.0, 8.0, 20.0)
"""Of an answer of Agent-0, in seconds. 400 ms is the level of 95 in 100, 20 s the most that an answer may take."""
