"""What a connection tells its owner, as bits of `TcpConnection.take_events`."""

ESTABLISHED = 1
"""The handshake is over; the connection can carry data."""
READABLE = 2
"""New bytes wait to be read."""
WRITABLE = 4
"""There is room again after a write that was cut short."""
PEER_FINISHED = 8
"""The peer's FIN has arrived in order: after what is buffered comes the end of the stream."""
FAILED = 16
"""The connection has broken; `TcpConnection.error` says how."""
CLOSED = 32
"""The connection is over, and nothing will happen any more: its numbers may be forgotten."""
TIME_WAIT = 64
"""Both sides have finished; the connection only waits for stray segments (RFC 9293 §3.6.1)."""
FIN_ACKNOWLEDGED = 128
"""The peer has everything that was sent, our FIN too, and has not finished itself: who lingers in close(2) may go."""
URGENT = 256
"""The peer has announced an urgent byte."""
URGENT_ARRIVED = 512
"""The urgent byte is there: it can be taken out of band."""
