"""Mails through Amazon SES (SESv2), under a configuration set that tells of bounces.

Must not know what a mail says, but for the little that SES would read in it. The SDK's client is
blocking, so it works in a thread.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from handler.approvals.ports import Mail, Undeliverable

log = logging.getLogger(__name__)

PATIENCE = Config(
    connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"}
)
"""Within the time of one mail (`notice.MAILING`): what goes on after it could mail twice."""

REFUSED_FOR_GOOD = frozenset({"MessageRejected", "BadRequestException", "AccessDeniedException"})
"""Another attempt would be refused too: in the SES sandbox, say, an address nobody verified, or one
that the role may not mail to."""

UNTRACKED = ("<a ", "<a ses:no-track ")
"""Where an account's click tracking is on, SES leads links through a server of its own, which keeps
them. An approval's link is a secret: SES leaves it alone, and takes this attribute out again."""

PLACEHOLDER = "{{ses:"
"""What SES replaces, and refuses a second time. An agent may have written it into an argument."""


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
                            "Text": {"Data": _plain(mail.text), "Charset": "UTF-8"},
                            "Html": {"Data": _html(mail.html), "Charset": "UTF-8"},
                        },
                    }
                },
            )
        except ClientError as error:
            log.warning("SES refused a mail about approval %s: %s", mail.about, error)
            if self._is_for_good(error):
                raise Undeliverable(error.response["Error"]["Code"]) from error
            raise

    def _is_for_good(self, error: ClientError) -> bool:
        """A sender that is not verified yet is refused by the same code as an address that is not:
        SES names whom it means. Somebody is about to open the link that AWS mailed to it."""
        code, said = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        meant = code == "MessageRejected" and self._sender.lower() in said.lower()
        return code in REFUSED_FOR_GOOD and not meant


def _plain(text: str) -> str:
    return text.replace(PLACEHOLDER, r"\u{7b}{ses:")


def _html(text: str) -> str:
    return text.replace(PLACEHOLDER, "&#123;{ses:").replace(*UNTRACKED)
