"""What compared programs with TLS import: contexts, pairs of connected sockets, errors without the line of C."""

import os
import re
import ssl
import threading

from telling import stream_pair

HERE = os.path.dirname(os.path.abspath(__file__))
LINE = re.compile(r" \(_ssl\.c:\d+\)|_ssl\.c:\d+: ")
OLD, NEW = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
VERSIONS = OLD, NEW


def file(name):
    """A certificate's file."""
    return os.path.join(HERE, f"{name}.pem")


def server_context(version=None, name="server"):
    """A server's context."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file(name))
    return at_version(context, version)


def client_context(version=None):
    """A client's context, which believes the tests' authority."""
    return at_version(ssl.create_default_context(cafile=file("authority")), version)


def version_named(name):
    """A version by its name."""
    return ssl.TLSVersion[name]


def at_version(context, version):
    """Let it speak one version only."""
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


def secured(version=None, server=None, client=None, **options):
    """Two sockets that have shaken hands: the client's and the server's."""
    server, client = server or server_context(version), client or client_context(version)
    options.setdefault("server_hostname", "server")
    ours, theirs = stream_pair()
    return together(
        lambda: client.wrap_socket(ours, **options),
        lambda: server.wrap_socket(theirs, server_side=True),
    )


def unshaken(version=None, **options):
    """Two TLS sockets that have not shaken hands yet."""
    ours, theirs = stream_pair()
    return (
        client_context(version).wrap_socket(ours, server_hostname="server", do_handshake_on_connect=False, **options),
        server_context(version).wrap_socket(theirs, server_side=True, do_handshake_on_connect=False, **options),
    )


def together(*calls):
    """What each call gives, all made at the same time, in threads of their own."""
    results = [None] * len(calls)

    def run(index):
        try:
            results[index] = calls[index]()
        except Exception as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def say(what, call, *arguments):
    """Print what a call gives, and give it back."""
    try:
        result = call(*arguments)
    except Exception as error:
        result = error
    print(f"{what}: {words(result)}")
    return result


def words(result):
    """A result, or an error with all that C sets in it, without where in C it arose."""
    if not isinstance(result, BaseException):
        return repr(result)
    shown = [LINE.sub("", str(argument)) for argument in result.args]
    further = [getattr(result, name, "-") for name in ("library", "reason", "verify_message")]
    hidden = result.__context__ is None or result.__suppress_context__
    context = "" if hidden else f" after {words(result.__context__)}"
    return f"{type(result).__name__} {shown} {further}{context}"


def drain(sock, size=65536):
    """All that comes until the end."""
    data = b""
    while piece := sock.recv(size):
        data += piece
    return data
