"""The caller's buffer for control messages, as recvmsg(2) fills it (put_cmsg() in net/core/scm.c, cmsg(3)).

What has no room is cut short, or left out where not even its header fits; MSG_CTRUNC then says so.
"""

from farhost.kernel.files import Control

HEADER = 16
"""sizeof(struct cmsghdr)."""


class ControlBuffer:
    """A buffer of so many bytes, and the messages in it."""

    __slots__ = ("_messages", "room", "truncated")

    def __init__(self, size: int) -> None:
        self._messages: list[tuple[int, int, bytes]] = []
        self.room = size
        """Bytes that are left."""
        self.truncated = False
        """Whether something was cut short or left out."""

    @property
    def control(self) -> Control:
        """What is in it."""
        return tuple(self._messages)

    def put(self, level: int, kind: int, data: bytes) -> None:
        """Add a message, or what fits of it."""
        if self.room < HEADER:
            self.truncated = True
            return
        fitting = data[: self.room - HEADER]
        self.truncated = self.truncated or len(fitting) < len(data)
        self._messages.append((level, kind, fitting))
        self.room -= min(self.room, HEADER + (len(fitting) + 7) // 8 * 8)

    def integers(self) -> int:
        """How many 32-bit integers a message that is added now can have: descriptors are not cut within one."""
        return max(self.room - HEADER, 0) // 4
