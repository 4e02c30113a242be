"""What two ends agree on in their SYNs: segment size (RFC 9293 §3.7.1), window scale and timestamps (RFC 7323)."""

from typing import NamedTuple

from farhost.protocols.tcp.config import TcpConfig
from farhost.protocols.tcp.receive import DEFAULT_MSS, LARGEST_WINDOW
from farhost.wire.packet import TcpOptions

TIMESTAMP_SIZE = 12
"""What a timestamp takes of every segment (RFC 7323 appendix A)."""
LARGEST_SCALE = 14
SMALLEST_MSS = 48
"""Linux's TCP_MIN_SND_MSS: a peer that says less is not believed."""


class Agreement(NamedTuple):
    """The outcome of the options of both SYNs."""

    send_mss: int
    """The most payload of a segment of ours."""
    receive_mss: int
    send_scale: int
    """How many bits the peer's windows are shifted by."""
    receive_scale: int
    timestamps: bool


def own_scale(config: TcpConfig) -> int:
    """How many bits our windows are shifted by, if the peer can: enough for the largest buffer (twice, as Linux
    reckons with the memory behind it: tcp_select_initial_window)."""
    space = 2 * max(config.receive_buffer, config.receive_buffer_max)
    return min(max(space.bit_length() - 16, 0), LARGEST_SCALE)


def first_window(config: TcpConfig, mss: int) -> int:
    """The window field of a SYN: whole segments of `mss` bytes, unscaled. Who opens does not know yet what timestamps
    will take of them, who answers does: 64240 and 65160 over Ethernet."""
    window = min(config.receive_buffer, LARGEST_WINDOW)
    if window > mss:
        window -= window % mss
    return window


def offer(config: TcpConfig, now_ns: int) -> TcpOptions:
    """The options of a SYN."""
    return TcpOptions(
        maximum_segment_size=config.mss,
        window_scale=own_scale(config) if config.window_scaling else None,
        timestamp=(now_ns // 1_000_000 & 0xFFFFFFFF, 0) if config.timestamps else None,
    )


def agree(config: TcpConfig, peer: TcpOptions) -> Agreement:
    """What holds once the peer's SYN is known."""
    scaling = config.window_scaling and peer.window_scale is not None
    timestamps = config.timestamps and peer.timestamp is not None
    headroom = TIMESTAMP_SIZE if timestamps else 0
    peer_mss = peer.maximum_segment_size or DEFAULT_MSS
    return Agreement(
        send_mss=max(min(peer_mss, config.path_mss or config.mss), SMALLEST_MSS) - headroom,
        receive_mss=config.mss - headroom,
        send_scale=min(peer.window_scale or 0, LARGEST_SCALE) if scaling else 0,
        receive_scale=own_scale(config) if scaling else 0,
        timestamps=timestamps,
    )


def answer(config: TcpConfig, agreement: Agreement, peer: TcpOptions, now_ns: int) -> TcpOptions:
    """The options of a SYN-ACK: only what the peer's SYN had."""
    echoed = peer.timestamp[0] if peer.timestamp is not None else 0
    return TcpOptions(
        maximum_segment_size=config.mss,
        window_scale=agreement.receive_scale if config.window_scaling and peer.window_scale is not None else None,
        timestamp=(now_ns // 1_000_000 & 0xFFFFFFFF, echoed) if agreement.timestamps else None,
    )
