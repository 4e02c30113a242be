"""What packets do, sans-I/O: (state, input, now) -> outcomes and a next deadline. No errno, no socket, no link."""
