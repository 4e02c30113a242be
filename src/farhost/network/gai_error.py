"""The errors of getaddrinfo(3) and of the older gethostbyname(3), as glibc numbers and words them."""

from farhost.wire import linux

_MESSAGES = {
    linux.EAI_BADFLAGS: "Bad value for ai_flags",
    linux.EAI_NONAME: "Name or service not known",
    linux.EAI_AGAIN: "Temporary failure in name resolution",
    linux.EAI_FAIL: "Non-recoverable failure in name resolution",
    linux.EAI_NODATA: "No address associated with hostname",
    linux.EAI_FAMILY: "ai_family not supported",
    linux.EAI_SOCKTYPE: "ai_socktype not supported",
    linux.EAI_SERVICE: "Servname not supported for ai_socktype",
    linux.EAI_ADDRFAMILY: "Address family for hostname not supported",
    linux.EAI_MEMORY: "Memory allocation failure",
    linux.EAI_SYSTEM: "System error",
    linux.EAI_OVERFLOW: "Argument buffer overflow",
}
HOST_NOT_FOUND, TRY_AGAIN, NO_RECOVERY, NO_DATA = 1, 2, 3, 4
"""h_errno."""
_HOST_MESSAGES = {
    HOST_NOT_FOUND: "Unknown host",
    TRY_AGAIN: "Host name lookup failure",
    NO_RECOVERY: "Unknown server error",
    NO_DATA: "No address associated with name",
}


class GaiError(Exception):
    """getaddrinfo or getnameinfo failed: `code` is an EAI_* (negative), `message` gai_strerror's."""

    def __init__(self, code: int) -> None:
        self.code = code
        self.message = _MESSAGES.get(code, "Unknown error")
        super().__init__(code, self.message)


class HostError(Exception):
    """gethostbyname and its like failed: `code` is an h_errno, `message` hstrerror's."""

    def __init__(self, code: int) -> None:
        self.code = code
        self.message = _HOST_MESSAGES.get(code, "Unknown resolver error")
        super().__init__(code, self.message)
