"""What all objects of a load balancer have in common: tags, attributes, and calls that are named for the noun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias

from tools.standins.aws.forms import Fields, incoming, outgoing, tag_list, tag_map
from tools.standins.aws.kind import Kind, changed, tag_changes
from tools.standins.aws.settings import Place
from tools.standins.values import Properties

Attributes: TypeAlias = Mapping[str, tuple[str, type]]
"""The properties that are attributes, which are texts: AWS's name, and what a program gives."""


def _said(value: Any) -> str:
    return str(value).lower()


class Balancing(Kind):
    """What the service finds by its ARN, and describes partly by attributes, which are texts."""

    noun: ClassVar[str]
    """As the names of calls have it, such as `target_group`."""
    aws: ClassVar[str]
    attributes: ClassVar[Attributes] = {}

    def create(self, place: Place, inputs: Properties) -> str:
        client = place.client("elbv2")
        tags = {"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}
        made = getattr(client, f"create_{self.noun}")(**outgoing(self._plain, inputs), **tags)
        identity: str = made[f"{self.aws}s"][0][f"{self.aws}Arn"]
        self._set_attributes(client, identity, {}, inputs)
        return identity

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        client = place.client("elbv2")
        found = getattr(client, f"describe_{self.noun}s")(**{f"{self.aws}Arns": [identity]})[f"{self.aws}s"]
        if not found:
            return None
        tags = client.describe_tags(ResourceArns=[identity])["TagDescriptions"][0]["Tags"]
        seen = {**incoming(self._plain, self.shown(found[0])), **self._attributes_of(client, identity)}
        return {**seen, "tags": tag_map(tags), "arn": identity, **self.computed_of(identity, found[0])}

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        client = place.client("elbv2")
        self._set_attributes(client, identity, before, after)
        told = {name: self._plain[name] for name in changed(before, after) & self._plain.keys()}
        if told:
            self.modify(client, identity, outgoing(told, after))
        wanted, gone = tag_changes(before, after)
        if wanted:
            client.add_tags(ResourceArns=[identity], Tags=tag_list(wanted))
        if gone:
            client.remove_tags(ResourceArns=[identity], TagKeys=gone)

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        getattr(place.client("elbv2"), f"delete_{self.noun}")(**{f"{self.aws}Arn": identity})

    def shown(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """An object that was found, as the table of properties has it."""
        return found

    def computed_of(self, identity: str, found: Mapping[str, Any]) -> Properties:
        """The outputs that nobody declares."""
        return {}

    def modify(self, client: Any, identity: str, parameters: Mapping[str, Any]) -> None:
        """What an update has to do besides tags and attributes."""
        getattr(client, f"modify_{self.noun}")(**{f"{self.aws}Arn": identity}, **parameters)

    @property
    def _plain(self) -> Fields:
        return {name: each for name, each in self.fields.items() if not each.apart}

    def _attributes_of(self, client: Any, identity: str) -> Properties:
        if not self.attributes:
            return {}
        call = getattr(client, f"describe_{self.noun}_attributes")
        told = {each["Key"]: each["Value"] for each in call(**{f"{self.aws}Arn": identity})["Attributes"]}
        return {
            name: told[key] == "true" if form is bool else form(told[key])
            for name, (key, form) in self.attributes.items()
            if key in told
        }

    def _set_attributes(self, client: Any, identity: str, before: Mapping[str, Any], after: Properties) -> None:
        told = {name: after.get(name) for name in changed(before, after) & self.attributes.keys()}
        wanted = [{"Key": self.attributes[name][0], "Value": _said(value)} for name, value in told.items()]
        if wanted:
            getattr(client, f"modify_{self.noun}_attributes")(**{f"{self.aws}Arn": identity}, Attributes=wanted)
