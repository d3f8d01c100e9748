"""Where the template can be deployed: CloudFormation's own schemas, by Region, against the docs."""

import re
from pathlib import Path

from cfnlint.helpers import REGIONS  # type: ignore[import-untyped]  # it ships no types
from cfnlint.schema import (  # type: ignore[import-untyped]  # it ships no types
    PROVIDER_SCHEMA_MANAGER,
    ResourceNotFoundError,
)

from tests.emulated.template import template

DOCS = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text()

COMMERCIAL = [
    region
    for region in REGIONS
    if not re.search("^cn-|-gov-|-iso|^eusc-|^me-south-1", region)  # the last has no schemas
]


EXPANDED = {
    "AWS::Serverless::Function": "AWS::Lambda::Function",
    "AWS::Serverless::StateMachine": "AWS::StepFunctions::StateMachine",
}


def kinds() -> set[str]:
    """The types that the template's resources have once SAM has expanded it."""
    found = {resource["Type"] for resource in template()["Resources"].values()}
    plain = {
        "Function": "AWS::Lambda::Function",
        "StateMachine": "AWS::StepFunctions::StateMachine",
    }
    return {plain[kind.rpartition("::")[2]] if "Serverless" in kind else kind for kind in found}


def has_all(region: str) -> bool:
    try:
        for kind in kinds():
            PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind)
    except ResourceNotFoundError:
        return False
    return True


def test_the_docs_name_every_region_that_lacks_a_service() -> None:
    listed = re.search(r"has no SES[^:]*: ([^.]+)\.", " ".join(DOCS.split()))
    assert listed is not None
    assert {region for region in COMMERCIAL if not has_all(region)} == set(
        re.findall(r"[a-z]{2}-[a-z]+-\d", listed[1])
    )
