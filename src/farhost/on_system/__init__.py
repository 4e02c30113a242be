"""The same networks on the operating system (`pytest --no-farhost`): real threads, loopback addresses, real time."""
