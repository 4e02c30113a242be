"""One TCP connection, sans-I/O (RFC 9293): segments, calls and deadlines in; segments, events and a deadline out.

Seam with `farhost.kernel.inet`. The kernel calls a method with the time, then drains `take_output()` and
`take_events()`, and keeps one timer for `next_deadline()`. Several segments that arrive together are given one by one
to `on_segment`, then `flush` once: acknowledgements are decided there, so that a super-segment and its pieces are
acknowledged alike (DESIGN 9).
"""
