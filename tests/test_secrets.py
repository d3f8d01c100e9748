"""For how long the value behind a reference is believed."""

import asyncio

import pytest

from handler.secrets import KEPT_SECONDS, Secrets


class Source:
    """A secret that is another each time, and counts."""

    def __init__(self) -> None:
        self.asked = 0

    async def find(self, name: str) -> str | None:
        self.asked += 1
        return f"{name} {self.asked}"


class Time:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("frozen", [0, 1], ids=["monotonic", "wall"])
def test_a_value_is_kept_for_five_minutes_by_whichever_clock_goes(frozen: int) -> None:
    """While a container is frozen one of them may stand still."""

    async def scenario() -> None:
        clocks = [Time(), Time()]
        secrets = Secrets({"ssm": Source()}, *clocks)
        going = clocks[1 - frozen]
        assert await secrets.reveal("ssm:key") == "key 1"
        going.now += KEPT_SECONDS - 1
        assert await secrets.reveal("ssm:key") == "key 1"
        going.now += 1
        assert await secrets.reveal("ssm:key") == "key 2"
        assert await secrets.reveal("ssm:key", anew=True) == "key 3"
        assert await secrets.reveal("ssm:key") == "key 3"

    asyncio.run(scenario())
