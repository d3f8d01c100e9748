"""`holdpoint serve`: the embedded world put together, and kept going until a signal says stop.

The one place that chooses SQLite, the workflow in this process, and SMTP or the local outbox.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from handler import settings
from handler.admin import apply, grants
from handler.admin.manifest import Manifest, ServerEntry
from handler.approvals import embedded
from handler.clock import SystemClock
from handler.entry import listening
from handler.entry.folder import Folder
from handler.entry.watch import changes
from handler.entry.welcome import Facts, GrantFacts, ServerFacts, issued, welcome
from handler.failure import CannotRun
from handler.policies.model import Artifact
from handler.policies.publish import PolicyRefused, compile_policy
from handler.stores.base import Store, StoreUnavailable
