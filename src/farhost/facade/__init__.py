"""What Python code describes and runs: networks, hosts, programs, and what came of it: farhost's public names."""
