"""The pages behind approval links, and the look they share with the outbox."""

from handler.approvals.pages.routes import routes

__all__ = ["routes"]
