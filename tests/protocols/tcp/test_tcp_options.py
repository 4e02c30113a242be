"""What two SYNs agree on."""

from farhost.protocols.tcp.config import TcpConfig
from farhost.protocols.tcp.options import agree, answer, first_window, offer, own_scale
from farhost.wire.packet import NO_OPTIONS, TcpOptions


def test_a_peer_that_says_nothing_takes_536_bytes() -> None:
    """RFC 9293 §3.7.1."""
    assert agree(TcpConfig(), NO_OPTIONS).send_mss == 536


def test_the_smaller_of_peer_and_path_holds() -> None:
    assert agree(TcpConfig(path_mss=1400), TcpOptions(maximum_segment_size=8960)).send_mss == 1400
    assert agree(TcpConfig(path_mss=1400), TcpOptions(maximum_segment_size=500)).send_mss == 500


def test_an_absurd_segment_size_is_not_believed() -> None:
    """Linux's TCP_MIN_SND_MSS."""
    assert agree(TcpConfig(), TcpOptions(maximum_segment_size=1)).send_mss == 48


def test_timestamps_take_room_from_every_segment() -> None:
    agreement = agree(TcpConfig(timestamps=True), TcpOptions(maximum_segment_size=1460, timestamp=(1, 0)))
    assert agreement.timestamps and agreement.send_mss == 1448


def test_scaling_needs_both() -> None:
    """RFC 7323 §2.2; more than 14 is taken for 14 (§2.3)."""
    assert agree(TcpConfig(), TcpOptions(window_scale=7)).send_scale == 7
    assert agree(TcpConfig(), TcpOptions(window_scale=15)).send_scale == 14
    one = agree(TcpConfig(window_scaling=False), TcpOptions(window_scale=7))
    assert (one.send_scale, one.receive_scale) == (0, 0)
    other = agree(TcpConfig(), NO_OPTIONS)
    assert (other.send_scale, other.receive_scale) == (0, 0)


def test_our_scale_fits_the_largest_buffer_as_linuxs_does() -> None:
    """7 with Linux's default of 6 MB, half of which is window."""
    assert own_scale(TcpConfig(receive_buffer=65536, receive_buffer_max=3 << 20)) == 7
    assert own_scale(TcpConfig(receive_buffer=1000)) == 0


def test_a_syn_ack_has_only_what_the_syn_had() -> None:
    config = TcpConfig(timestamps=True)
    peer = TcpOptions(maximum_segment_size=1460)
    assert answer(config, agree(config, peer), peer, 0) == TcpOptions(maximum_segment_size=1460)
    peer = TcpOptions(1460, 3, timestamp=(77, 0))
    assert answer(config, agree(config, peer), peer, 5_000_000).timestamp == (5, 77)
    assert offer(config, 5_000_000).timestamp == (5, 0)


def test_the_first_window_is_whole_segments() -> None:
    """Over Ethernet, as Linux has them: 64240 in a SYN, 65160 in a SYN-ACK once timestamps are agreed on."""
    assert first_window(TcpConfig(receive_buffer=65536), 1460) == 64240
    assert first_window(TcpConfig(receive_buffer=65536), 1448) == 65160
