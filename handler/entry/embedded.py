"""The embedded world put together: the one place that chooses its adapters.

SQLite, the workflow in this process, SMTP or the local outbox. Must not know where a manifest comes
from, what is printed, or how requests arrive.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp

from handler import settings
from handler.admin.manifest import Manifest, Smtp
from handler.approvals.embedded import Settings, embedded
from handler.approvals.ports import Mailer
from handler.approvals.workflow_local import LocalWorkflow
from handler.clock import Clock
from handler.entry.cleaning import Cleaning
from handler.entry.folder import Folder, derived
from handler.failure import CannotRun
from handler.gateway.app import Parts, endpoint, routes
from handler.gateway.bounds import Bounds
from handler.gateway.decide import Decider
from handler.gateway.endpoint import Endpoint
from handler.gateway.execute import UpstreamExecutor
from handler.gateway.judge import StoredCallJudge
from handler.gateway.upstream import Upstream
from handler.gateway.watch import Watch
from handler.notify.outbox import Outbox
from handler.notify.outbox import pages as outbox_pages
from handler.notify.smtp import SmtpMailer, SmtpServer
from handler.policies.current import Policies
from handler.routing import application
from handler.sealing import Sealer
from handler.secrets import Environment, SecretMissing, Secrets
from handler.stdio.commands import Programs, safe
from handler.stores.sqlite import SQLiteStore


@dataclass(frozen=True, slots=True)
class Assembled:
    """What serves, what goes on meanwhile, and what to close at the end."""

    app: ASGIApp
    endpoint: Endpoint
    """What the app serves to agents, for one that comes another way."""
    workflow: LocalWorkflow
    cleaning: Cleaning
    upstream: Upstream
    outbox: str | None
    """Where mails are read, if they are not sent."""
    release: Callable[[], None]
    """Let every agent go that waits for an answer, or listens: this process ends."""


async def assembled(
    manifest: Manifest,
    store: SQLiteStore,
    folder: Folder,
    base_url: str,
    clock: Clock,
    inherited: Mapping[str, str] | None = None,
) -> Assembled:
    """The whole gateway around a store. Raises `CannotRun`.

    `inherited` are the variables that commands get where there is one agent only, who chose them.
    """
    key = folder.key("deployment")
    seal = Sealer([derived(key, "seal")])
    address = manifest.public_url or base_url
    bounds = Bounds(origins=frozenset({base_url, address, *manifest.allowed_origins}))
    secrets = Secrets({"env": Environment(settings.variables())})
    own = inherited is not None
    variables = inherited if inherited is not None else safe(settings.variables())
    upstream = Upstream(secrets, bounds, Programs(secrets, bounds, variables, single=own))
    watch = Watch(store.definitions, upstream, clock)
    decider = Decider(Policies(store.registry), derived(key, "per"), watch)
    outbox = None if manifest.smtp else Outbox(folder.path / "outbox", clock)
    held = embedded(
        store,
        seal=seal,
        executor=UpstreamExecutor(store.registry, upstream, watch),
        judge=StoredCallJudge(store.registry, store.ledger, decider),
        mailer=outbox or await _smtp(manifest, secrets, clock),
        clock=clock,
        settings=Settings(address, derived(key, "form")),
    )
    parts = Parts(store, decider, upstream, lambda: held.approvals, seal, clock, bounds, address)
    at = endpoint(parts)
    app = application(
        [
            *routes(parts, at),
            *held.routes,
            *(outbox_pages.routes(outbox) if outbox else ()),
        ]
    )

    def release() -> None:
        held.release()
        at.close()

    return Assembled(
        app,
        at,
        held.workflow,
        Cleaning(store.sweep, clock, manifest.retention_days),
        upstream,
        outbox.url(base_url) if outbox else None,
        release,
    )


async def _smtp(manifest: Manifest, secrets: Secrets, clock: Clock) -> Mailer:
    server = manifest.smtp
    assert isinstance(server, Smtp)
    try:
        password = await secrets.reveal(server.password) if server.password else None
    except SecretMissing as error:
        raise CannotRun(f"{error}; it is the password of the mail server") from error
    return SmtpMailer(
        SmtpServer(
            host=server.host,
            port=server.port,
            sender=manifest.mail_from,
            security=server.security,
            user=server.username,
            password=password,
        ),
        clock,
    )
