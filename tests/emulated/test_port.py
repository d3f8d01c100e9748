"""The emulator takes a port that is free, also where the first one it was to have is not."""

import socket

from infra.emulator import HOST, Emulator
from tests.emulated.world import needs_emulator

pytestmark = needs_emulator


def test_an_emulator_whose_port_somebody_else_took_starts_on_another() -> None:
    emulator = Emulator()
    wanted = emulator.port
    with socket.create_server((HOST, wanted)), emulator:
        assert emulator.port != wanted and emulator.url.endswith(f":{emulator.port}")
