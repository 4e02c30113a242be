"""What every test may rely on, whoever started them."""

import signal


def pytest_configure() -> None:
    """SIGINT as a terminal leaves it: a shell starts what runs in the background with it ignored, and the programs
    that the tests start would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
