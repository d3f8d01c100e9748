"""For how long a container believes the deployment's keys that it has read."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from handler.approvals.vault import Vault
from handler.clock import FixedClock
from handler.entry.keyring import KEPT_SECONDS, RETRY_SECONDS, Keyring, Made
from handler.entry.keys import Keys
from handler.sealing import Sealer
from handler.secrets import SecretMissing
from handler.stores.sqlite import SQLiteStore

OLD = '{"current": "one", "previous": []}'
NEW = '{"current": "two", "previous": ["one"]}'


class Secret:
    """The secret as it is, how often it was asked for, and a container's keyring."""

    def __init__(self) -> None:
        self.text: str | None = OLD
        self.asked = 0
        self.clock = FixedClock(1_000_000)
        self.keyring = Keyring(self._read, self.clock)

    async def _read(self) -> str:
        self.asked += 1
        if self.text is None:
            raise SecretMissing("no answer")
        return self.text


def with_secret(test: Callable[[Secret], Awaitable[None]]) -> None:
    async def run() -> None:
        await test(Secret())

    asyncio.run(run())


def test_keys_are_kept_for_five_minutes_and_then_asked_for_again() -> None:
    async def scenario(secret: Secret) -> None:
        made = Made(lambda: secret.keyring, lambda keys: [keys])
        first = await made()
        secret.text = NEW
        secret.clock.time += KEPT_SECONDS - 1
        assert await made() is first and secret.asked == 1
        secret.clock.time += 1
        assert await made() == [Keys.read(NEW)]
        secret.clock.time -= 3600  # a clock that was set back tells no age
        assert await made() == [Keys.read(NEW)] and secret.asked == 3

    with_secret(scenario)


@pytest.mark.parametrize("text", [None, "no JSON", "{}", "[]"])
def test_a_container_with_keys_goes_on_where_they_cannot_be_read_again(text: str | None) -> None:
    async def scenario(secret: Secret) -> None:
        known = await secret.keyring.keys()
        secret.text = text
        secret.clock.time += KEPT_SECONDS
        assert await secret.keyring.keys() == known
        assert await secret.keyring.keys() == known and secret.asked == 2
        secret.clock.time += RETRY_SECONDS
        secret.text = NEW
        assert await secret.keyring.keys() == Keys.read(NEW)

    with_secret(scenario)


@pytest.mark.parametrize("text", [None, "no JSON", "{}", "[]"])
def test_a_container_without_keys_serves_nothing(text: str | None) -> None:
    async def scenario(secret: Secret) -> None:
        secret.text = text
        with pytest.raises(SecretMissing):
            await Made(lambda: secret.keyring, lambda keys: keys)()

    with_secret(scenario)


def test_what_a_container_with_newer_keys_sealed_opens_in_one_with_older_keys_at_once(
    tmp_path: Path,
) -> None:
    async def scenario(secret: Secret) -> None:
        async def newer() -> Sealer | None:
            keys = await secret.keyring.newer()
            return None if keys is None else Sealer(keys.seal())

        store = SQLiteStore(tmp_path / "holdpoint.db")
        old = Vault(store.payloads, Sealer((await secret.keyring.keys()).seal()), newer)
        new = Vault(store.payloads, Sealer(Keys.read(NEW).seal()))
        await new.keep_arguments("a1", {"amount": 5}, 2_000_000)
        assert await old.arguments("a1", 1_000_000) is None  # changed, for all it can tell
        secret.text = NEW
        assert await old.arguments("a1", 1_000_000) == {"amount": 5}
        assert await old.arguments("a1", 1_000_000) == {"amount": 5} and secret.asked == 3
        await store.close()

    with_secret(scenario)
