"""A program in a process of its own: its Python, files, threads and signals are real; its sockets are a network's.

`farhost exec` starts a command with a directory on its PYTHONPATH (`startup`), from which every Python in it loads a
`sitecustomize` before the program. That attaches the process to the running network, and puts the stand-ins for
`_socket`, `select` and `fcntl` in place, whose calls go to the network as messages (`calls`, `connection`). A
descriptor of the network has a real one beside it that keeps its number (`numbers`).
"""
