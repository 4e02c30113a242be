"""farhost: a socket system in Python, on which real programs run over a network that misbehaves."""
