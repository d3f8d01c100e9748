"""What all tests rely on of the process they run in."""

import signal


def pytest_configure() -> None:
    """Ctrl-C is tested with real processes, and one started in the background would ignore it:
    a signal that is ignored stays so in all children."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
