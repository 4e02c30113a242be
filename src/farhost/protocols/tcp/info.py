"""What TCP_INFO tells about a connection, as values (tcp(7), struct tcp_info)."""

from typing import NamedTuple

from farhost.protocols.tcp.control_block import ControlBlock
from farhost.protocols.tcp.recovery import Phase
from farhost.protocols.tcp.state import TcpState

CA_STATES = {Phase.OPEN: 0, Phase.RECOVERY: 3, Phase.LOSS: 4}
"""Linux's numbers; 1 (disorder) stands for some duplicates in OPEN."""


class TcpInfo(NamedTuple):
    """Times in ns, windows in bytes unless said otherwise."""

    state: TcpState
    ca_state: int
    """0 open, 1 disorder, 3 recovery, 4 loss."""
    retransmits: int
    """Timeouts in a row."""
    probes: int
    backoff: int
    timestamps: bool
    window_scaling: bool
    send_scale: int
    receive_scale: int
    rto_ns: int
    ato_ns: int
    snd_mss: int
    rcv_mss: int
    advertised_mss: int
    unacked: int
    """Segments on their way."""
    lost: int
    """Segments on their way that are taken for lost."""
    retransmitted: int
    """Ranges on their way that were sent more than once."""
    last_data_sent_ns: int
    """When."""
    last_received_ns: int
    """When."""
    srtt_ns: int
    rttvar_ns: int
    min_rtt_ns: int
    receive_rtt_ns: int
    snd_ssthresh: int
    """In segments; 2**31 - 1 while unlimited."""
    snd_cwnd: int
    """In segments."""
    receive_space: int
    total_retransmits: int
    bytes_acked: int
    bytes_received: int
    unsent_bytes: int
    snd_wnd: int
    rcv_wnd: int


def describe(block: ControlBlock) -> TcpInfo:
    """The values now."""
    send, receive = block.send, block.receive
    mss = send.mss
    agreement = block.agreement
    recovery = send.recovery
    flight = send.snd_nxt - send.snd_una
    lost = recovery.loss_end - recovery.resend if recovery.phase is Phase.LOSS else 0
    disordered = recovery.phase is Phase.OPEN and recovery.duplicates > 0
    synchronized = agreement is not None
    return TcpInfo(
        state=block.state,
        ca_state=1 if disordered else CA_STATES[recovery.phase],
        retransmits=send.retransmits,
        probes=send.probes,
        backoff=send.rtt.backoff,
        timestamps=block.outbox.timestamps,
        window_scaling=synchronized and block.peer_options.window_scale is not None and block.config.window_scaling,
        send_scale=send.scale,
        receive_scale=receive.scale,
        rto_ns=send.rtt.rto_ns(),
        ato_ns=receive.delayed_ns,
        snd_mss=mss,
        rcv_mss=receive.rcv_mss,
        advertised_mss=block.config.mss,
        unacked=-(-flight // mss),
        lost=-(-lost // mss),
        retransmitted=send.flight.resent,
        last_data_sent_ns=send.last_sent_ns,
        last_received_ns=block.last_received_ns,
        srtt_ns=send.rtt.srtt_ns,
        rttvar_ns=send.rtt.rttvar_ns,
        min_rtt_ns=send.rtt.lowest_ns,
        receive_rtt_ns=receive.rtt_ns,
        snd_ssthresh=min(send.control.ssthresh // mss, 0x7FFFFFFF),
        snd_cwnd=max(send.control.cwnd // mss, 1),
        receive_space=receive.buffer,
        total_retransmits=send.total_retransmits,
        bytes_acked=max(min(send.snd_una, send.buffer.end) - send.iss - 1, 0),
        bytes_received=max(receive.rcv_nxt - receive.irs - 1 - receive.finished, 0) if synchronized else 0,
        unsent_bytes=max(send.buffer.end - send.snd_nxt, 0),
        snd_wnd=send.snd_wnd,
        rcv_wnd=max(receive.rcv_adv - receive.rcv_nxt, 0),
    )
