"""Functions that run as simulated processes in the caller's own modules: closures, asserts and debuggers work.

The names that programs use (`time.sleep`, `os.read`, `threading.Lock`, the methods of `socket.socket`) ask who calls:
a simulated thread of such a function gets its process's stand-in (`farhost.programs.stdlib`), everybody else the
operating system's. Decision 9 has the reasons and the costs, docs/functions-in-place.md what works and what does not.
"""
