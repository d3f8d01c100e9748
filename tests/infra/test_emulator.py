"""Starting the emulator."""

import socket

from infra.emulator import HOST, Emulator
from tests.emulated.world import needs_emulator


@needs_emulator
def test_where_another_program_took_its_port_it_takes_another_one() -> None:
    emulator = Emulator()
    with socket.create_server((HOST, emulator.port)) as other, emulator:
        assert emulator.port != other.getsockname()[1]
