"""Where Holdpoint starts: the functions in Lambda, and the gateway on one machine."""

import os

from handler.entry import bundle

bundle.check(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), bundle.running())
