"""How much of a TLS stream may be read at a time so that nothing after a record is taken with it.

OpenSSL without read-ahead, as Python uses it, reads a record's header and then exactly its body: what a peer sends in
the clear after its close_notify stays in the socket, and a socket is ready to read when there is another record.
Specification: RFC 8446 §5.1 and §5.2; RFC 5246 §6.2.
"""

HEADER_SIZE = 5
MAXIMUM_BODY = (1 << 14) + 2048
"""Of a protected record of TLS 1.2; those of TLS 1.3 are shorter."""
MAXIMUM_PLAIN = 1 << 14
"""The most plain text in a record."""
_FIRST_TYPE, _LAST_TYPE = 20, 24
_MAJOR_VERSION = 3


class Records:
    """Where in the stream of incoming records a reader stands.

    >>> records = Records()
    >>> records.wanted
    5
    >>> records.advance(bytes([23, 3, 3, 0, 40]))
    >>> records.wanted, records.is_inside
    (40, True)
    >>> records.advance(bytes(40))
    >>> records.wanted, records.is_inside
    (5, False)
    """

    __slots__ = ("_header", "_left")

    def __init__(self) -> None:
        self._header = b""
        self._left = 0

    @property
    def wanted(self) -> int:
        """How many bytes may be read next."""
        return self._left or HEADER_SIZE - len(self._header)

    @property
    def is_inside(self) -> bool:
        """Whether a record has begun of which OpenSSL can make nothing yet."""
        return bool(self._left or self._header)

    def advance(self, data: bytes) -> None:
        """Some bytes have been read: usually no more than `wanted`, but two readers at a time may read more."""
        start = 0
        while start < len(data):
            if self._left:
                taken = min(self._left, len(data) - start)
                self._left -= taken
            else:
                taken = min(HEADER_SIZE - len(self._header), len(data) - start)
                self._header += data[start : start + taken]
                if len(self._header) == HEADER_SIZE:
                    self._left = body_size(self._header)
                    self._header = b""
            start += taken


def body_size(header: bytes) -> int:
    """The size of the body after a header; 0 for what is no TLS, which OpenSSL complains of without reading on."""
    size = int.from_bytes(header[3:5], "big")
    if _FIRST_TYPE <= header[0] <= _LAST_TYPE and header[1] == _MAJOR_VERSION and size <= MAXIMUM_BODY:
        return size
    return 0
