"""TCP (RFC 9293) as a state machine without I/O: one connection, its buffers, its timers, its congestion control."""
