"""Times single socket calls where it runs: prints what each takes, in microseconds."""

import socket
import sys
import time


def best_us(repeat: int, call) -> float:
    """Of five runs of `repeat` calls, the fastest."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(repeat):
            call()
        times.append(time.perf_counter() - began)
    return min(times) / repeat * 1e6


def main() -> None:
    repeat = int(sys.argv[1])
    one, other = socket.socketpair()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 18)
    buffer = bytearray(1 << 16)

    def there_and_back(data: bytes) -> None:
        one.send(data)
        other.recv_into(buffer, len(data))

    small, large = bytes(64), bytes(1 << 16)
    print("getsockname", best_us(repeat, one.getsockname))
    print("pair64", best_us(repeat, lambda: there_and_back(small)))
    print("pair64k", best_us(repeat // 4, lambda: there_and_back(large)))


main()
