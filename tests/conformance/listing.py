"""Which of CPython's test modules are run, found in the interpreter that is asked."""

import importlib.util
import pkgutil

MODULES = (
    "test_socket",
    "test_select",
    "test_poll",
    "test_epoll",
    "test_selectors",
    "test_socketserver",
    "test_asyncio",
    "test_ssl",
    "test_httplib",
    "test_httpservers",
    "test_ftplib",
    "test_smtplib",
    "test_poplib",
    "test_imaplib",
    "test_xmlrpc",
    "test_urllib2_localnet",
    "test_wsgiref",
    "test_logging",
    "test_threading",
    "test_thread",
    "test_threading_local",
    "test_queue",
)
SOCKET_HANDLERS = (
    "SocketHandler",
    "DatagramHandler",
    "SysLogHandler",
    "HTTPHandler",
    "SMTPHandler",
    "UnixSocketHandler",
    "UnixDatagramHandler",
    "UnixSysLogHandler",
)
"""The classes of test_logging that are about sockets begin with one of these (or with IPv6 and one)."""


def counts(test_id: str) -> bool:
    """Whether a test counts: of test_logging the socket handlers' alone."""
    module, _, rest = test_id.removeprefix("test.").partition(".")
    if module != "test_logging":
        return True
    return rest.removeprefix("IPv6").startswith(SOCKET_HANDLERS)


def found(names: tuple[str, ...] = MODULES) -> list[str]:
    """The modules that this interpreter has, `test_asyncio` by its parts."""
    result: list[str] = []
    for name in names:
        spec = importlib.util.find_spec(f"test.{name}") if importlib.util.find_spec("test") else None
        if spec is None:
            continue
        places = spec.submodule_search_locations
        if not places:
            result.append(f"test.{name}")
            continue
        result += [
            f"test.{name}.{part.name}"
            for part in sorted(pkgutil.iter_modules(places), key=lambda part: part.name)
            if part.name.startswith("test_")
        ]
    return result


if __name__ == "__main__":
    print("\n".join(found()))
