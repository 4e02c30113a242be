"""The waist: every system call as a function, the table of them, and their message encoding."""
