"""As much of a Redis server as the clients of this scenario ask for: strings, lists, MULTI, SUBSCRIBE (RESP2)."""

import asyncio
import sys
from collections.abc import Iterable

values: dict[bytes, bytes] = {}
lists: dict[bytes, list[bytes]] = {}
listeners: dict[bytes, list[asyncio.StreamWriter]] = {}


def encode(value: object) -> bytes:
    match value:
        case None:
            return b"$-1\r\n"
        case int():
            return b":%d\r\n" % value
        case bytes():
            return b"$%d\r\n%s\r\n" % (len(value), value)
        case str():
            return f"{value}\r\n".encode()
    assert isinstance(value, Iterable)
    parts = [encode(one) for one in value]
    return b"*%d\r\n%s" % (len(parts), b"".join(parts))


async def read_command(reader: asyncio.StreamReader) -> list[bytes]:
    count = int((await reader.readuntil(b"\r\n"))[1:])
    words = []
    for _ in range(count):
        size = int((await reader.readuntil(b"\r\n"))[1:])
        words.append((await reader.readexactly(size + 2))[:-2])
    return words


def execute(name: bytes, *words: bytes) -> object:
    match name.upper(), words:
        case b"PING", _:
            return "+PONG"
        case ((b"CLIENT" | b"SELECT" | b"AUTH"), _):
            return "+OK"
        case b"SET", (key, value, *_):
            values[key] = value
            return "+OK"
        case b"GET", (key,):
            return values.get(key)
        case b"INCRBY", (key, amount):
            values[key] = b"%d" % (int(values.get(key, b"0")) + int(amount))
            return int(values[key])
        case b"RPUSH", (key, *new):
            lists.setdefault(key, []).extend(new)
            return len(lists[key])
        case b"LRANGE", (key, first, last):
            return lists.get(key, [])[int(first) : int(last) % (len(lists.get(key, [])) or 1) + 1]
        case b"PUBLISH", (channel, message):
            for writer in listeners.get(channel, []):
                writer.write(encode([b"message", channel, message]))
            return len(listeners.get(channel, []))
    return f"-ERR unknown command '{name.decode()}'"


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    queued: list[list[bytes]] | None = None
    try:
        while True:
            words = await read_command(reader)
            name = words[0].upper()
            if name == b"MULTI":
                queued = []
                writer.write(encode("+OK"))
            elif name == b"EXEC" and queued is not None:
                writer.write(encode([execute(*one) for one in queued]))
                queued = None
            elif queued is not None:
                queued.append(words)
                writer.write(encode("+QUEUED"))
            elif name in (b"SUBSCRIBE", b"UNSUBSCRIBE"):
                for channel in words[1:]:
                    listeners.setdefault(channel, []).append(writer)
                    writer.write(encode([name.lower(), channel, 1]))
            else:
                writer.write(encode(execute(*words)))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        for channel in listeners.values():
            channel[:] = [one for one in channel if one is not writer]
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
