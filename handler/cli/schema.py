"""`holdpoint schema`: the JSON Schema of policy.json, for editors."""

import argparse
import sys

from compiler.schema import schema

FINE = 0


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    subparsers.add_parser("schema", help="print the JSON Schema of policy.json, for editors")


def run(arguments: argparse.Namespace) -> int:
    """Print the schema."""
    sys.stdout.write(schema())
    return FINE
