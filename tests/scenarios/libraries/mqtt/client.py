"""paho-mqtt with its own thread: a subscriber and a publisher, qualities of service 0 to 2. Arguments: host, port."""

import queue
import sys

import paho.mqtt.client as mqtt

host, port = sys.argv[1], int(sys.argv[2])
arrived: queue.Queue[str] = queue.Queue()


def make(name: str) -> mqtt.Client:
    return mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name)


subscriber = make("subscriber")
subscriber.on_connect = lambda client, *rest: client.subscribe("room/#", qos=2)
subscriber.on_subscribe = lambda client, data, number, reasons, properties: arrived.put("subscribed")
subscriber.on_message = lambda client, data, message: arrived.put(f"{message.topic} {message.payload.decode()}")
subscriber.connect(host, port)
subscriber.loop_start()
print(arrived.get(timeout=30))

publisher = make("publisher")
publisher.connect(host, port)
publisher.loop_start()
for quality in range(3):
    publisher.publish(f"room/{quality}", f"quality {quality}", qos=quality).wait_for_publish(30)
    print(arrived.get(timeout=30))
publisher.publish("room/big", "z" * 20_000, qos=1).wait_for_publish(30)
print(len(arrived.get(timeout=30)))
for client in (publisher, subscriber):
    client.disconnect()
    client.loop_stop()
