"""An operator's connection to DynamoDB: no tool call waits for it.

It may lead around the world, where three round trips come before the first answer, and over a line
on which a piece of a policy's artifact takes a while. The functions are beside their tables and
never load this.
"""

from handler.aws.service import DYNAMODB, Protocol
from handler.stores.dynamodb.connection import Connection


class PatientConnection(Connection):
    """Waits longer, and is the same in all else."""

    protocol = Protocol(DYNAMODB.service, DYNAMODB.target, DYNAMODB.version, 10.0, 30.0)
    step_seconds = 90.0
