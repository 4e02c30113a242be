"""The table of states."""

import pytest

from farhost.protocols.tcp.state import CAN_SEND, RECEIVES_DATA, TRANSITIONS, Change, TcpState, after


def test_every_state_but_listen_and_closed_can_be_reached_and_left() -> None:
    reached = set(TRANSITIONS.values())
    left = {state for state, _ in TRANSITIONS}
    states = set(TcpState) - {TcpState.LISTEN, TcpState.CLOSED}
    assert states - reached == {TcpState.SYN_SENT}
    assert states - left == {TcpState.TIME_WAIT}


def test_every_state_can_end() -> None:
    assert {after(state, Change.ENDED) for state in TcpState} == {TcpState.CLOSED}


def test_what_the_table_does_not_have_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        after(TcpState.TIME_WAIT, Change.SEND_CLOSED)


def test_closing_our_side_is_possible_just_where_we_can_send() -> None:
    from_states = {state for state, change in TRANSITIONS if change is Change.SEND_CLOSED}
    assert from_states == CAN_SEND


def test_a_fin_can_arrive_just_where_data_can() -> None:
    from_states = {state for state, change in TRANSITIONS if change is Change.FIN_ARRIVED}
    assert from_states == RECEIVES_DATA


def test_the_numbers_are_linuxs() -> None:
    assert [TcpState(number).name for number in range(1, 12)] == [
        "ESTABLISHED",
        "SYN_SENT",
        "SYN_RECEIVED",
        "FIN_WAIT_1",
        "FIN_WAIT_2",
        "TIME_WAIT",
        "CLOSED",
        "CLOSE_WAIT",
        "LAST_ACK",
        "LISTEN",
        "CLOSING",
    ]
