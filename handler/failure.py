"""How anything on this machine says that it could not do what was asked."""


class CannotRun(Exception):
    """One clear sentence, or several lines, for a person: what is wrong and what to do."""
