"""Mail that stays on this machine: a folder of mails, and pages to read them."""

from handler.notify.outbox.folder import Outbox
from handler.notify.outbox.pages import routes

__all__ = ["Outbox", "routes"]
