"""The API of AWS on loopback: moto's server, with the calls of the AWS environment that moto 5.2 lacks.

    python aws_api.py PORT

It runs in a process of its own. A call that nobody answers is refused with 501 at once: the provider tries a 500 again 25
times, and a test would hang.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.budgets.responses import BudgetsResponse
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import BaseResponse
from moto.server import main

Tags = dict[str, str]
tags_of: dict[str, Tags] = {}
"""Of budgets and scalable targets, whose tags moto takes and forgets; by ARN."""


def keep_tags(arn: str, tags: list[dict[str, str]]) -> None:
    tags_of.setdefault(arn, {}).update({tag["Key"]: tag["Value"] for tag in tags})


def budget_arn(account: str, name: str) -> str:
    return f"arn:aws:budgets::{account}:budget/{name}"


def close_gaps_of_budgets() -> None:
    """Tags, and who is told; both are asked after each creation."""
    create = BudgetsResponse.create_budget

    def create_budget(self: BudgetsResponse) -> str:
        answer = create(self)
        name = self._get_param("Budget")["BudgetName"]
        keep_tags(budget_arn(self._get_param("AccountId"), name), self._get_param("ResourceTags", []))
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


def close_gaps_of_autoscaling() -> None:
    """Tags of scalable targets."""
    register = ApplicationAutoScalingResponse.register_scalable_target

    def register_scalable_target(self: ApplicationAutoScalingResponse) -> str:
        answer = register(self)
        found = self.applicationautoscaling_backend.describe_scalable_targets(
            namespace=self._get_param("ServiceNamespace"),
            r_ids=[self._get_param("ResourceId")],
            dimension=self._get_param("ScalableDimension"),
        )
        given: Tags = self._get_param("Tags", {})
        keep_tags(found[0].arn, [{"Key": key, "Value": value} for key, value in given.items()])
        return answer

    def list_tags_for_resource(self: ApplicationAutoScalingResponse) -> str:
        return json.dumps({"Tags": tags_of.get(self._get_param("ResourceARN"), {})})

    ApplicationAutoScalingResponse.register_scalable_target = register_scalable_target
    ApplicationAutoScalingResponse.list_tags_for_resource = list_tags_for_resource


def close_gaps_of_cloudwatch() -> None:
    """Composite alarms, and statistics such as PR(:1.2): moto takes only those that begin with a small p."""
    put = CloudWatchBackend.put_metric_alarm

    def put_metric_alarm(self: CloudWatchBackend, *, extended_statistic: str | None = None, **given: Any) -> Alarm:
        alarm = put(self, extended_statistic=None, **given)
        alarm.extended_statistic = extended_statistic
        return alarm

    CloudWatchBackend.put_metric_alarm = put_metric_alarm
    # moto's own method reads the rule of a composite alarm too; only the name under which it is called is missing.
    CloudWatchResponse.put_composite_alarm = CloudWatchResponse.put_metric_alarm


def refuse_the_unknown() -> None:
    call = BaseResponse.call_action

    def call_action(self: BaseResponse) -> Any:
        try:
            return call(self)
        except NotImplementedError as error:
            return 501, {"status": 501, "content-type": "application/json"}, json.dumps({"message": str(error)})

    BaseResponse.call_action = call_action


if __name__ == "__main__":
    close_gaps_of_budgets()
    close_gaps_of_autoscaling()
    close_gaps_of_cloudwatch()
    refuse_the_unknown()
    main(["--host", "127.0.0.1", "--port", sys.argv[1]])
