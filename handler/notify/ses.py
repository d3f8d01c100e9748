"""Mails through Amazon SES (SESv2), under a configuration set that tells of bounces.

Must not know what a mail says. The SDK's client is blocking, so it works in a thread.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from handler.approvals.ports import Mail, Undeliverable

log = logging.getLogger(__name__)

REFUSED_FOR_GOOD = frozenset({"MessageRejected", "BadRequestException", "AccessDeniedException"})
"""Another attempt would be refused too: in the SES sandbox, say, an address nobody verified, or one
that the role may not mail to."""


class SesMailer:
    """Implements `Mailer`. `client` makes an SESv2 client when the first mail is sent."""

    def __init__(self, client: Callable[[], Any], sender: str, configuration_set: str) -> None:
        self._make = client
        self._client: Any = None
        self._sender, self._configuration_set = sender, configuration_set

    async def send(self, mail: Mail) -> None:
        await asyncio.to_thread(self._send, mail)

    def _send(self, mail: Mail) -> None:
        if self._client is None:
            self._client = self._make()
        try:
            self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [mail.to]},
                ConfigurationSetName=self._configuration_set,
                EmailTags=[{"Name": "approval", "Value": mail.about}] if mail.about else [],
                Content={
                    "Simple": {
                        "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                        "Body": {
                            "Text": {"Data": mail.text, "Charset": "UTF-8"},
                            "Html": {"Data": mail.html, "Charset": "UTF-8"},
                        },
                    }
                },
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            log.warning("SES refused a mail about approval %s: %s", mail.about, error)
            if code in REFUSED_FOR_GOOD:
                raise Undeliverable(code) from error
            raise
