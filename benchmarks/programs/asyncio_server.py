"""Echoes 64-byte messages of one client, by asyncio's streams."""

import asyncio
import sys

from streams import serve

asyncio.run(serve(int(sys.argv[1])))
