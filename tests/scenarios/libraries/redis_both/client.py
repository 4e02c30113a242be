"""redis-py, blocking and with asyncio: values, pipelines, a subscription, many clients at once."""

import asyncio
import sys
import threading

import redis
import redis.asyncio

host, port = sys.argv[1], int(sys.argv[2])


def blocking() -> None:
    client = redis.Redis(host, port, decode_responses=True, protocol=2)
    print(client.ping(), client.set("name", "far"), client.get("name"), client.get("nothing"))
    with client.pipeline(transaction=True) as pipe:
        for number in range(10):
            pipe.rpush("list", number)
        pipe.lrange("list", 0, -1)
        print(pipe.execute()[-1])
    threads = [threading.Thread(target=lambda: [client.incr("count") for _ in range(5)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("count:", client.get("count"))
    try:
        client.execute_command("NONSENSE")
    except redis.ResponseError as error:
        print("error:", error)
    client.close()


async def together() -> None:
    async with redis.asyncio.Redis(host=host, port=port, protocol=2) as client:
        async with client.pubsub() as listener:
            await listener.subscribe("news")
            await listener.get_message(timeout=20)
            print("told:", await client.publish("news", "it rains"))
            message = await listener.get_message(timeout=20)
            print(message["channel"], message["data"])
        await asyncio.gather(*(client.set(f"key{number}", "v" * number) for number in range(8)))
        lengths = await asyncio.gather(*(client.get(f"key{number}") for number in range(8)))
        print([len(one) for one in lengths])


blocking()
asyncio.run(together())
