"""What must hold whatever the network does: streams arrive exactly, nothing hangs, bursts change nothing."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tcp_pipe import MS, SECOND, Fate, Pipe, pieces_of

from farhost.protocols.tcp.config import TcpConfig
from farhost.protocols.tcp.connection import TcpState
from farhost.wire.packet import TcpSegment

fates = st.lists(
    st.sampled_from(["ok", "ok", "ok", "lose", "late", "very late", "twice", "thrice"]), min_size=1, max_size=120
)
DELAYS = {
    "ok": [0],
    "lose": [],
    "late": [15 * MS],
    "very late": [1500 * MS],
    "twice": [0, 3 * MS],
    "thrice": [0, 0, 700 * MS],
}


def fate_of(words: list[str]) -> Fate:
    """The nth piece of either side meets the nth word; after the last all is well. Many may be lost in a row only in
    the beginning: a peer that waited in vain in TIME_WAIT is gone, and rightly does not answer."""

    def fate(side: int, piece: TcpSegment, number: int) -> list[int]:
        index = 2 * number + side
        word = words[index] if index < len(words) else "ok"
        spared = number % 4 == 3 if number < 16 else number % 2 == 1
        return [0] if word == "lose" and spared else DELAYS[word]

    return fate


sizes = st.sampled_from([0, 1, 100, 1459, 1460, 1461, 5000, 40_000, 200_000])
configs = st.fixed_dictionaries(
    {
        "mss": st.sampled_from([100, 536, 1460, 9000]),
        "window_scaling": st.booleans(),
        "timestamps": st.booleans(),
        "receive_buffer": st.sampled_from([2000, 20_000, 65_536]),
        "receive_buffer_max": st.sampled_from([0, 1 << 20]),
        "send_buffer": st.sampled_from([4000, 87_040]),
        "send_buffer_max": st.sampled_from([0, 1 << 20]),
        "nodelay": st.booleans(),
        "cork": st.booleans(),
        "device_quota": st.sampled_from([0, 30_000, 1 << 62]),
        "burst_bytes": st.sampled_from([0, 10_000, 65_535]),
    }
).map(lambda values: TcpConfig(**values))


def content(size: int, salt: int) -> bytes:
    return bytes((index * 7 + index // 251 + salt) % 256 for index in range(size))


def transfer(pipe: Pipe, sizes_of_sides: tuple[int, int]) -> None:
    """Both sides send and finish; then each has exactly what the other sent and all is over."""
    data = [content(size, salt) for salt, size in enumerate(sizes_of_sides)]
    pipe.send(0, data[0], close=True)
    pipe.outgoing[1] = data[1]
    pipe.closing[1] = True
    pipe.run(4000 * SECOND)
    assert bytes(pipe.received[1]) == data[0]
    assert bytes(pipe.received[0]) == data[1]
    assert pipe.client.state is pipe.server.state is TcpState.CLOSED
    assert pipe.client.error is pipe.server.error is None


@settings(deadline=None, max_examples=40)
@given(words=fates, client=configs, server=configs, sides=st.tuples(sizes, sizes))
def test_any_bounded_misfortune_delivers_the_exact_streams(
    words: list[str], client: TcpConfig, server: TcpConfig, sides: tuple[int, int]
) -> None:
    transfer(Pipe(client, server, fate=fate_of(words)), sides)


@settings(deadline=None, max_examples=40)
@given(words=fates, client=configs, server=configs, sides=st.tuples(sizes, sizes), rate=st.sampled_from([0, 10**7]))
def test_bursts_and_their_pieces_are_treated_alike(
    words: list[str], client: TcpConfig, server: TcpConfig, sides: tuple[int, int], rate: int
) -> None:
    """DESIGN 9: headers, times and fates are equal."""
    logs = []
    for bursts in (True, False):
        pipe = Pipe(client, server, fate=fate_of(words), bursts=bursts, rate=rate)
        transfer(pipe, sides)
        log = [(time, side, piece) for time, side, segment in pipe.log for piece in pieces_of(segment)]
        logs.append([(time, side, piece._replace(payload=bytes(piece.payload))) for time, side, piece in log])
    assert logs[0] == logs[1]


@settings(deadline=None, max_examples=40)
@given(cuts=st.lists(st.integers(1, 3000), min_size=1, max_size=40), reads=st.lists(st.integers(1, 5000), min_size=1))
def test_reads_and_writes_of_any_size_keep_the_stream(cuts: list[int], reads: list[int]) -> None:
    pipe = Pipe()
    pipe.open()
    pipe.reading[1] = False
    data = content(sum(cuts), 3)
    start = 0
    for cut in cuts:
        assert pipe.client.write(data[start : start + cut], pipe.now) == cut
        pipe.pump(0)
        start += cut
    got = b""
    for size in (*reads * 100, 1 << 20):
        pipe.run(20 * MS)
        peeked = pipe.server.read(size, pipe.now, peek=True)
        part = pipe.server.read(size, pipe.now)
        assert part == peeked and len(part) <= size
        got += part
        pipe.pump(1)
        if len(got) == len(data):
            break
    assert got == data


def test_a_range_sent_again_has_the_next_ordinal() -> None:
    fate = fate_of(["ok"] * 10 + ["lose"] * 40)
    pipe = Pipe(fate=fate)
    transfer(pipe, (30_000, 0))
    seen: dict[int, int] = {}
    for segment, ordinal in zip(pipe.sent[0], pipe.ordinals[0]):
        for start in range(segment.sequence, segment.sequence + len(segment.payload)):
            seen[start] = seen.get(start, 0) + 1
            assert ordinal == seen[start]
    assert max(seen.values()) > 1
