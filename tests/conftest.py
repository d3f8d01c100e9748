"""What all tests rely on of the process they run in."""

import os
import signal

from hypothesis import HealthCheck, settings

# The same generated cases in every run, on any machine, at any speed: what fails once fails again.
# `pytest --hypothesis-profile=searching` looks for new ones, and keeps those that fail.
settings.register_profile("searching", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("seeded", settings.get_profile("searching"), derandomize=True)
settings.load_profile("seeded")


HERE = "127.0.0.1,localhost,::1"


def pytest_configure() -> None:
    """Ctrl-C is tested with real processes, and one started in the background would ignore it:
    a signal that is ignored stays so in all children. A proxy of the machine's is asked for no
    server of the tests."""
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), HERE)))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
