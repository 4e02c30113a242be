"""Programs for tests of replays: a client that takes one read for the whole reply."""

from pathlib import Path

SERVER = """
import socket
with socket.create_server(("", 5000)) as listener:
    connection, address = listener.accept()
    question = connection.recv(100)
    connection.sendall(b"12 and more!")
    connection.close()
"""
CLIENT = """
import socket
with socket.create_connection(("server", 5000)) as connection:
    connection.sendall(b"how many?")
    answer = connection.recv(100)
    if len(answer) != 12:
        raise ValueError(f"not an answer: {answer!r}")
"""
FIXED_CLIENT = """
import socket
with socket.create_connection(("server", 5000)) as connection:
    connection.sendall(b"how many?")
    answer = b""
    while piece := connection.recv(100):
        answer += piece
    assert len(answer) == 12, answer
"""


def write_programs(folder: Path, client: str = CLIENT) -> None:
    """server.py and client.py."""
    (folder / "server.py").write_text(SERVER)
    (folder / "client.py").write_text(client)
