"""The approvals function: shows the pages behind links and takes answers. Faces approvers."""

from aws_lambda_powertools import Logger
from starlette.applications import Starlette

from handler import settings
from handler.approvals import pages
from handler.approvals.desk import Desk
from handler.entry.asgi import lambda_handler
from handler.entry.deployment import Deployment, Parts
from handler.entry.logs import shared
from handler.sealing import Sealer

log = shared(Logger())


async def application() -> Starlette:
    """Raises `SecretMissing`; the next request then tries again."""
    variables = settings.variables()
    parts = Parts(Deployment.read(variables), variables)
    keys = await parts.keys()
    desk = Desk(
        book=parts.book,
        answers=parts.store.answers,
        vault=parts.vault(Sealer(keys.seal())),
        workflow=parts.workflow(parts.store.answers),
        clock=parts.clock,
    )
    return Starlette(
        routes=pages.routes(
            desk, key=keys.form, base_url=parts.deployment.base_url, clock=parts.clock
        )
    )


handler = log.inject_lambda_context(
    lambda_handler(application), correlation_id_path="requestContext.requestId"
)
