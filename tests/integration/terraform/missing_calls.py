"""Calls that moto 5.2 answers with a 500, and what it refuses to take."""

# moto is an extra, which the machine that lints need not have; and it does not expect its methods to be replaced.
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportOptionalCall=false

from __future__ import annotations

import json
from typing import Any

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.budgets.responses import BudgetsResponse
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse

Tags = dict[str, str]

tags_of: dict[str, Tags] = {}
"""Of budgets and scalable targets, whose tags moto takes and forgets; by ARN."""


def add_missing_calls() -> None:
    add_calls_of_budgets()
    add_calls_of_autoscaling()
    add_calls_of_cloudwatch()


def keep_tags(arn: str, tags: Tags) -> None:
    tags_of.setdefault(arn, {}).update(tags)


def add_calls_of_budgets() -> None:
    """Tags, and who is told; both are asked after each creation."""
    create = BudgetsResponse.create_budget

    def create_budget(self: BudgetsResponse) -> str:
        answer = create(self)
        name = self._get_param("Budget")["BudgetName"]
        arn = f"arn:aws:budgets::{self._get_param('AccountId')}:budget/{name}"
        keep_tags(arn, {tag["Key"]: tag["Value"] for tag in self._get_param("ResourceTags", [])})
        return answer

    def list_tags_for_resource(self: BudgetsResponse) -> str:
        found = tags_of.get(self._get_param("ResourceARN"), {})
        return json.dumps({"ResourceTags": [{"Key": key, "Value": value} for key, value in found.items()]})

    def describe_subscribers_for_notification(self: BudgetsResponse) -> str:
        budget = self.backend.budgets[self._get_param("AccountId")][self._get_param("BudgetName")]
        wanted: dict[str, Any] = self._get_param("Notification")
        # The caller repeats what it was told of a notification, its state among it.
        keys = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
        told = [
            notification.subscribers
            for notification in budget.notifications
            if all(notification.details.get(key) == wanted.get(key) for key in keys)
        ]
        return json.dumps({"Subscribers": told[0] if told else []})

    BudgetsResponse.create_budget = create_budget
    BudgetsResponse.list_tags_for_resource = list_tags_for_resource
    BudgetsResponse.describe_subscribers_for_notification = describe_subscribers_for_notification


def add_calls_of_autoscaling() -> None:
    """Tags of scalable targets."""
    register = ApplicationAutoScalingResponse.register_scalable_target

    def register_scalable_target(self: ApplicationAutoScalingResponse) -> str:
        answer = register(self)
        found = self.applicationautoscaling_backend.describe_scalable_targets(
            namespace=self._get_param("ServiceNamespace"),
            r_ids=[self._get_param("ResourceId")],
            dimension=self._get_param("ScalableDimension"),
        )
        keep_tags(found[0].arn, self._get_param("Tags", {}))
        return answer

    def list_tags_for_resource(self: ApplicationAutoScalingResponse) -> str:
        return json.dumps({"Tags": tags_of.get(self._get_param("ResourceARN"), {})})

    ApplicationAutoScalingResponse.register_scalable_target = register_scalable_target
    ApplicationAutoScalingResponse.list_tags_for_resource = list_tags_for_resource


def add_calls_of_cloudwatch() -> None:
    """Composite alarms, and statistics such as PR(:1.2): moto takes only those that begin with a small p."""
    put = CloudWatchBackend.put_metric_alarm

    def put_metric_alarm(self: CloudWatchBackend, *, extended_statistic: str | None = None, **given: Any) -> Alarm:
        alarm = put(self, extended_statistic=None, **given)
        alarm.extended_statistic = extended_statistic
        return alarm

    CloudWatchBackend.put_metric_alarm = put_metric_alarm
    # moto's own method reads the rule of a composite alarm too; only the name under which it is called is missing.
    CloudWatchResponse.put_composite_alarm = CloudWatchResponse.put_metric_alarm
