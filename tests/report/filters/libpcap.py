"""libpcap's own reading of a filter, for tests: what tcpdump and Wireshark capture with."""

import ctypes
import ctypes.util

DLT_RAW = 12


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint), ("instructions", ctypes.c_void_p))


class _Header(ctypes.Structure):
    _fields_ = (
        ("seconds", ctypes.c_long),
        ("microseconds", ctypes.c_long),
        ("captured", ctypes.c_uint32),
        ("length", ctypes.c_uint32),
    )


class Refused(ValueError):
    """libpcap does not understand the filter."""


class Libpcap:
    """Compiles filters and tries packets. OSError where the library is not installed."""

    def __init__(self):
        name = ctypes.util.find_library("pcap") or "libpcap.so.0.8"
        self._library = library = ctypes.CDLL(name)
        library.pcap_open_dead.restype = ctypes.c_void_p
        library.pcap_geterr.restype = ctypes.c_char_p
        library.pcap_geterr.argtypes = [ctypes.c_void_p]
        library.pcap_compile.argtypes = [
            ctypes.c_void_p,
            ctypes.POINTER(_Program),
            ctypes.c_char_p,
            ctypes.c_int,
            ctypes.c_uint,
        ]
        library.pcap_offline_filter.argtypes = [
            ctypes.POINTER(_Program),
            ctypes.POINTER(_Header),
            ctypes.c_char_p,
        ]
        self._handle = library.pcap_open_dead(DLT_RAW, 65535)

    def compile(self, text):
        """A function from an IP packet's bytes to whether the filter lets it through."""
        program = _Program()
        if self._library.pcap_compile(self._handle, ctypes.byref(program), text.encode(), 0, 0xFFFFFFFF):
            raise Refused(self._library.pcap_geterr(self._handle).decode())

        def matches(data):
            header = _Header(0, 0, len(data), len(data))
            return bool(self._library.pcap_offline_filter(ctypes.byref(program), ctypes.byref(header), data))

        return matches
