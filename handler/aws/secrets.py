"""Where references of the form `ssm:NAME` and `secretsmanager:NAME` lead.

Must not know what a secret is for, nor keep one: `handler.secrets` does, for a bounded time.
"""

import asyncio
import random
from typing import Any

from handler.aws.service import Refused, Service, Unanswered
from handler.secrets import SecretMissing

NOT_THERE = frozenset({"ParameterNotFound", "ResourceNotFoundException"})

TOO_MANY = "ThrottlingException"
"""Parameters are given out forty times a second in an account ("AWS Systems Manager quotas"), and a
hundred containers may start at once."""

PAUSES = (0.1, 0.2, 0.4, 0.8)
"""Seconds before asking again, shortened at random to part rivals."""


class ParameterStore:
    """Parameters of the Systems Manager, decrypted."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def find(self, name: str) -> str | None:
        """Raises `SecretMissing` where it cannot be told whether it is there."""
        body = {"Name": name, "WithDecryption": True}
        answer = await _asked(self._service, "GetParameter", body, name)
        return None if answer is None else str(answer["Parameter"]["Value"])


class SecretsManager:
    """Secrets of the Secrets Manager: the current version's text."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def find(self, name: str) -> str | None:
        """Raises `SecretMissing` where it cannot be told whether it is there."""
        answer = await _asked(self._service, "GetSecretValue", {"SecretId": name}, name)
        text = None if answer is None else answer.get("SecretString")
        return None if text is None else str(text)


async def _asked(
    service: Service, operation: str, body: dict[str, Any], name: str
) -> dict[str, Any] | None:
    pauses = iter(PAUSES)
    while True:
        try:
            return await service.ask(operation, body)
        except Refused as refused:
            if refused.code in NOT_THERE:
                return None
            pause = next(pauses, None) if refused.code == TOO_MANY else None
            if pause is None:
                told = f"the secret `{name}` may not be read: {refused.code}"
                raise SecretMissing(told) from refused
        except Unanswered as error:
            raise SecretMissing(f"the secret `{name}` could not be read: no answer") from error
        await asyncio.sleep(random.uniform(pause / 2, pause))
