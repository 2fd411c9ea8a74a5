"""CloudWatch's alarms on one metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tools.standins.aws.forms import (
    AMOUNT,
    NUMBER,
    TEXT,
    TEXTS,
    Field,
    Fields,
    Form,
    incoming,
    outgoing,
    tag_list,
    tag_map,
)
from tools.standins.aws.kind import TAGGED, Kind, tag_changes
from tools.standins.aws.settings import Place
from tools.standins.values import Properties

_DIMENSIONS = Form(
    dict,
    outgoing=lambda chosen: [{"Name": name, "Value": value} for name, value in sorted(chosen.items())],
    incoming=lambda told: {each["Name"]: each["Value"] for each in told},
)


class MetricAlarm(Kind):
    name = "name"
    fields: ClassVar[Fields] = {
        "name": Field(form=TEXT, aws="AlarmName", required=True, fixed=True),
        "alarmDescription": Field(form=TEXT),
        "namespace": Field(form=TEXT, required=True),
        "metricName": Field(form=TEXT, required=True),
        "dimensions": Field(form=_DIMENSIONS),
        "statistic": Field(form=TEXT, required=True),
        "period": Field(form=NUMBER, required=True),
        "evaluationPeriods": Field(form=NUMBER, required=True),
        "datapointsToAlarm": Field(form=NUMBER),
        "threshold": Field(form=AMOUNT, required=True),
        "comparisonOperator": Field(form=TEXT, required=True),
        "treatMissingData": Field(form=TEXT),
        "alarmActions": Field(form=TEXTS),
        "okActions": Field(form=TEXTS, aws="OKActions"),
        **TAGGED,
    }
    defaults: ClassVar[Mapping[str, Any]] = {"treatMissingData": "missing"}

    def create(self, place: Place, inputs: Properties) -> str:
        tags = {"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}
        place.client("cloudwatch").put_metric_alarm(**outgoing(self.fields, inputs), **tags)
        return str(inputs["name"])

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        client = place.client("cloudwatch")
        alarms = client.describe_alarms(AlarmNames=[identity])["MetricAlarms"]
        if not alarms:
            return None
        tags = client.list_tags_for_resource(ResourceARN=alarms[0]["AlarmArn"])["Tags"]
        return {**incoming(self.fields, alarms[0]), "tags": tag_map(tags), "arn": alarms[0]["AlarmArn"]}

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        client, (wanted, gone) = place.client("cloudwatch"), tag_changes(before, after)
        client.put_metric_alarm(**outgoing(self.fields, after))
        arn = place.arn("cloudwatch", f"alarm:{identity}")
        if wanted:
            client.tag_resource(ResourceARN=arn, Tags=tag_list(wanted))
        if gone:
            client.untag_resource(ResourceARN=arn, TagKeys=gone)

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        place.client("cloudwatch").delete_alarms(AlarmNames=[identity])
