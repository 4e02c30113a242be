"""What samples tell of a TCP connection (`farhost.trace.events.TcpSample`), as it stands."""

from typing import TYPE_CHECKING

from farhost.protocols.tcp.congestion.reno import UNLIMITED
from farhost.trace.events import TcpSample

if TYPE_CHECKING:
    from farhost.kernel.inet.endpoint import TcpEndpoint


def sample_connection(endpoint: "TcpEndpoint") -> None:
    """Tell what a connection has come to, if it differs from what was told last. Call it only while the tracer is
    sampling."""
    send, receive = endpoint.connection.send_side, endpoint.connection.receive_side
    control, buffer = send.control, send.buffer
    internet = endpoint.tcp.internet
    last = endpoint.sampled
    sample = TcpSample(
        internet.clock.now_ns,
        internet.kernel.name,
        endpoint.flow.name,
        control.cwnd,
        control.ssthresh if control.ssthresh < UNLIMITED else -1,
        send.rtt.srtt_ns,
        send.rtt.rto_ns(),
        send.snd_nxt - send.snd_una,
        buffer.end - buffer.start,
        send.limit,
        receive.readable,
        receive.buffer,
        max(receive.rcv_adv - receive.rcv_nxt, 0),
        send.snd_wnd,
    )
    if last is None or last[1:] != sample[1:]:
        endpoint.sampled = sample
        endpoint.tracer.sample(sample)
