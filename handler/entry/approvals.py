"""The approvals function: shows the pages behind links and takes answers. Faces approvers."""

from starlette.types import ASGIApp

from handler.approvals.desk import Desk
from handler.approvals.pages.routes import routes
from handler.entry.asgi import lambda_handler
from handler.entry.deployment import made, parts
from handler.entry.held import Held
from handler.entry.keys import Keys
from handler.entry.logs import logger
from handler.routing import application

log = logger()


def approvals(keys: Keys) -> ASGIApp:
    """The pages of this stack."""
    own = parts()
    answers = own.store.answers
    held = Held(own, keys, answers)
    desk = Desk(
        book=held.book,
        answers=answers,
        vault=held.vault,
        workflow=held.workflow,
        clock=own.clock,
    )
    return application(
        routes(
            desk,
            keys=keys.forms(),
            base_url=own.deployment.base_url,
            clock=own.clock,
            terms=own.terms,
        )
    )


handler = log.inject_lambda_context(
    lambda_handler(made(approvals)), correlation_id_path="requestContext.requestId"
)
