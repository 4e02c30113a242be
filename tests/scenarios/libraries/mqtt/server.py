"""amqtt's broker. Argument: port."""

import asyncio
import sys

from amqtt.broker import Broker

CONFIGURATION = {
    "listeners": {"default": {"type": "tcp", "bind": f"0.0.0.0:{sys.argv[1]}"}},
    "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
}


async def main() -> None:
    broker = Broker(CONFIGURATION)
    await broker.start()
    await asyncio.Event().wait()


asyncio.run(main())
