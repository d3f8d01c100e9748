"""How a command says that it could not run."""


class CannotRun(Exception):
    """One clear sentence, or several lines, saying what is wrong and what to do. Exit code 2."""
