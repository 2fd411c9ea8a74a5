"""What all objects of EC2 have in common: tags, and calls that are named for the noun."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from tools.standins.aws.forms import outgoing, tag_list, tag_map
from tools.standins.aws.kind import Kind, tag_changes
from tools.standins.aws.settings import Place
from tools.standins.values import Properties


class Ec2Object(Kind):
    """An object that `create_<noun>` makes, `describe_<noun>s` finds and `delete_<noun>` deletes."""

    noun: ClassVar[str]
    """As AWS's answers call it, such as `RouteTable`."""

    key: ClassVar[str] = ""
    """The name of its ID; the noun and `Id` if left out."""

    path: ClassVar[str]
    """Of its ARN, before the ID."""

    plural_delete: ClassVar[bool] = False
    """Whether it is deleted by a call for several."""

    def create(self, place: Place, inputs: Properties) -> str:
        call = getattr(place.client("ec2"), f"create_{self._snake}")
        made = call(**outgoing(self.fields, inputs), **self.specified_tags(inputs), **self.besides(inputs))
        identity: str = self.created(made)[self._id]
        self.finish(place, identity, inputs)
        return identity

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        call = getattr(place.client("ec2"), f"describe_{self._snake}s")
        found = call(**{f"{self._id}s": [identity]})[f"{self.noun}s"]
        if not found:
            return None
        arn = place.arn("ec2", f"{self.path}/{identity}")
        return {"tags": tag_map(found[0].get("Tags", [])), "arn": arn, **self.seen(place, found[0], known)}

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        set_tags(place, identity, before, after)
        self.change(place, identity, before, after)

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        client = place.client("ec2")
        if self.plural_delete:
            refused = getattr(client, f"delete_{self._snake}s")(**{f"{self._id}s": [identity]}).get("Unsuccessful")
            if refused:
                raise ValueError(f"{identity}: {refused[0]['Error'].get('Message')}")
        else:
            getattr(client, f"delete_{self._snake}")(**{self._id: identity})

    def specified_tags(self, inputs: Properties) -> dict[str, Any]:
        """The parameter with which the object has its tags from the beginning."""
        tags = inputs.get("tags")
        kind = self._snake.replace("_", "-")
        return {"TagSpecifications": [{"ResourceType": kind, "Tags": tag_list(tags)}]} if tags else {}

    def besides(self, inputs: Properties) -> dict[str, Any]:
        """Further parameters of the call that creates."""
        return {}

    def created(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """The new object in the answer of that call."""
        found: Mapping[str, Any] = answer[self.noun]
        return found

    def finish(self, place: Place, identity: str, inputs: Properties) -> None:
        """What is to be done after the object is made."""

    def seen(self, place: Place, found: Mapping[str, Any], known: Properties) -> Properties:
        """The properties of an object that was found, besides tags and ARN."""
        raise NotImplementedError

    def change(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        """What an update has to do besides the tags."""

    @property
    def _snake(self) -> str:
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.noun).lower()

    @property
    def _id(self) -> str:
        return self.key or f"{self.noun}Id"


def set_tags(place: Place, identity: str, before: Properties, after: Properties) -> None:
    """Has an object of EC2 be tagged as the inputs say."""
    client, (wanted, gone) = place.client("ec2"), tag_changes(before, after)
    if wanted:
        client.create_tags(Resources=[identity], Tags=tag_list(wanted))
    if gone:
        client.delete_tags(Resources=[identity], Tags=[{"Key": key} for key in gone])
