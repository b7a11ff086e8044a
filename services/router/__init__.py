"""Router: decides at each moment what to say, by which route, or why to stay silent."""
