"""Sends a 64-byte message and waits for its echo, many times, by asyncio's streams."""

import asyncio
import sys

from streams import ask

asyncio.run(ask(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
