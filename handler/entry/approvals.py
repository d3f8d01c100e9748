"""The approvals function: shows the pages behind links and takes answers. Faces approvers."""

from starlette.types import ASGIApp

from handler.approvals.desk import Desk
from handler.approvals.pages.routes import routes
from handler.entry.asgi import lambda_handler
from handler.entry.deployment import parts
from handler.entry.held import Held
from handler.entry.logs import logger
from handler.routing import application
from handler.sealing import Sealer

log = logger()


async def approvals() -> ASGIApp:
    """Raises `SecretMissing`; the next request then tries again."""
    made = parts()
    keys, answers = await made.keys(), made.store.answers
    held = Held(made, Sealer(keys.seal()), answers)
    desk = Desk(
        book=held.book,
        answers=answers,
        vault=held.vault,
        workflow=held.workflow,
        clock=made.clock,
    )
    return application(
        routes(
            desk,
            key=keys.form,
            base_url=made.deployment.base_url,
            clock=made.clock,
            terms=made.terms,
        )
    )


handler = log.inject_lambda_context(
    lambda_handler(approvals), correlation_id_path="requestContext.requestId"
)
