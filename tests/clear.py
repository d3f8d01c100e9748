"""How the tests speak HTTP in the clear: patiently, and without the certificates of the system.

An HTTP client that may meet TLS reads them all when it is made, which takes 20 ms.
"""

import ssl
from typing import Any

from tests.patience import PATIENCE

CLEAR: dict[str, Any] = {
    "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    "timeout": PATIENCE,
}
"""Options of an HTTP client. It would trust nobody."""
