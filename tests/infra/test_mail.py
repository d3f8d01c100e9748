"""How approval mails leave: what SES and EventBridge are told, read from the template."""

import json
from typing import Any

from handler.approvals.steps import STEPS
from tests.emulated.template import resources

MAIL_SET = resources("AWS::SES::ConfigurationSet")["MailSet"]
EVENTS: dict[str, Any] = resources("AWS::SES::ConfigurationSetEventDestination")["MailEvents"]

TYPES = {
    "Email Bounced": "bounce",
    "Email Rejected": "reject",
    "Email Complaint Received": "complaint",
}
"""What EventBridge calls an event that SES publishes, and what the configuration set does
("Monitoring SES events using Amazon EventBridge")."""


def test_an_approval_link_travels_encrypted_and_through_no_server_that_keeps_it() -> None:
    assert MAIL_SET["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}
    assert MAIL_SET["VdmOptions"] == {"DashboardOptions": {"EngagementMetrics": "DISABLED"}}
    published = set(EVENTS["EventDestination"]["MatchingEventTypes"])
    assert not published & {"open", "click"}


def test_a_mail_that_came_back_is_handed_to_nobody() -> None:
    """It may hold the link. Whoever reads the sender's mailbox would be an approver."""
    identity = resources("AWS::SES::EmailIdentity")["SenderIdentity"]
    assert identity["FeedbackAttributes"] == {"EmailForwardingEnabled": False}
    assert {"bounce", "complaint"} <= set(EVENTS["EventDestination"]["MatchingEventTypes"])


def test_the_workflow_is_told_of_events_that_are_published() -> None:
    pattern = resources("AWS::Events::Rule")["BounceRule"]["EventPattern"]
    assert pattern["source"] == ["aws.ses"] and "aws.ses" in STEPS
    published = EVENTS["EventDestination"]["MatchingEventTypes"]
    assert {TYPES[name] for name in pattern["detail-type"]} <= set(published)
    tags = {"ses:configuration-set": [{"Ref": "MailSet"}]}
    assert pattern["detail"] == {"mail": {"tags": tags}}
    bus = json.dumps(EVENTS["EventDestination"]["EventBridgeDestination"])
    assert "event-bus/default" in bus  # SES takes no other
