"""What Linux charges a socket's receive buffer for a packet: the memory that it is kept in (skb->truesize)."""

_SMALL_HEAD = 576
_LARGEST_HEAD = 16384


def charge(size: int, is_v6: bool) -> int:
    """What a datagram of `size` bytes costs its receive buffer: Linux's skb->truesize over loopback, as measured.

    `size` is counted behind a header of 8 bytes, UDP's or ICMP's; for another protocol it is 8 less than what the IP
    header carries. What was sent with IP_HDRINCL and is larger than 16 KiB costs up to twice as much on Linux.

    >>> charge(1, False), charge(197, False), charge(198, False), charge(65507, False)
    (832, 832, 1280, 66339)
    """
    need = size + (392 if is_v6 else 379)
    if need <= _SMALL_HEAD:
        return _SMALL_HEAD + 256
    if need > _LARGEST_HEAD:
        return size + _SMALL_HEAD + 256
    return (1 << (need - 1).bit_length()) + 256
