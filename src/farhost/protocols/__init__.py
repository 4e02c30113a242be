"""What packets do, sans-I/O: (state, input, now) -> outcomes and a next deadline. Knows no errno, no socket, no link."""
