"""The tests' certificates (made by tests/certificates/make.py) and contexts with them."""

import ssl
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "certificates"


def file(name):
    """The file of `authority`, `server`, `other` or `client`."""
    return str(FOLDER / f"{name}.pem")


def server_context(name="server"):
    """A server's context."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file(name))
    return context


def client_context():
    """A client's, which believes the tests' authority."""
    return ssl.create_default_context(cafile=file("authority"))
