"""What a prompt can be about: eleven families, one for what none of them covers, and the plane on which each lies."""

from __future__ import annotations

from enum import StrEnum


class Family(StrEnum):
    """What a prompt is about."""

    AUTH_SECURITY = "auth_security"
    DEPLOYMENT_OPS = "deployment_ops"
    TESTING_VALIDATION = "testing_validation"
    SCHEMA_CONTRACTS = "schema_contracts"
    PERFORMANCE_LATENCY = "performance_latency"
    TOOL_RELIABILITY = "tool_reliability"
    KNOWLEDGE_ALIGNMENT = "knowledge_alignment"
    TEAM_COORDINATION = "team_coordination"
    STAKEHOLDER_ALIGNMENT = "stakeholder_alignment"
    ORCHESTRATION_EXECUTION = "orchestration_execution"
    RESEARCH_DECISION_SUPPORT = "research_decision_support"
    EMERGENT_OTHER = "emergent_other"


class Plane(StrEnum):
    """On which level the work of a prompt lies."""

    BUILD_DELIVERY = "build_delivery"
    TEAM_MANAGEMENT = "team_management"
    ORCHESTRATION_EXECUTION = "orchestration_execution"
    RESEARCH_DECISION = "research_decision"


_ELSEWHERE = {
    Family.TEAM_COORDINATION: Plane.TEAM_MANAGEMENT,
    Family.STAKEHOLDER_ALIGNMENT: Plane.TEAM_MANAGEMENT,
    Family.ORCHESTRATION_EXECUTION: Plane.ORCHESTRATION_EXECUTION,
    Family.RESEARCH_DECISION_SUPPORT: Plane.RESEARCH_DECISION,
}


def plane_of(family: Family) -> Plane:
    """The plane of a family; all that is neither about people nor plans nor questions is building."""
    return _ELSEWHERE.get(family, Plane.BUILD_DELIVERY)
