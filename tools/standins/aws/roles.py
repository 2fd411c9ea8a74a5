"""IAM roles, their inline policies and instance profiles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from tools.standins.aws.forms import DOCUMENT, NUMBER, TEXT, Field, Fields, incoming, outgoing, tag_list, tag_map
from tools.standins.aws.kind import TAGGED, Kind, changed, tag_changes
from tools.standins.aws.settings import Place
from tools.standins.values import Properties

_GONE = ("NoSuchEntity",)


class Named(Kind):
    """What IAM finds by its name, and tags."""

    noun: ClassVar[str]
    """As the names of calls have it, such as `role`."""
    aws: ClassVar[str]
    """As parameters and answers have it."""
    absent = _GONE
    name = "name"
    computed = ("arn", "createDate", "uniqueId")

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        found = self._call(place, "get_{}", identity)[self.aws]
        tags = tag_map(found.get("Tags", []))
        computed = {"arn": found["Arn"], "uniqueId": found[f"{self.aws}Id"], "createDate": str(found["CreateDate"])}
        return {**self.seen(found), "tags": tags, **computed}

    def seen(self, found: Mapping[str, Any]) -> Properties:
        """The properties of an object that was found, besides tags and computed ones."""
        raise NotImplementedError

    def retag(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        """Has the object be tagged as the inputs say."""
        wanted, gone = tag_changes(before, after)
        if wanted:
            self._call(place, "tag_{}", identity, Tags=tag_list(wanted))
        if gone:
            self._call(place, "untag_{}", identity, TagKeys=gone)

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        self._call(place, "delete_{}", identity)

    def _call(self, place: Place, call: str, identity: str, **parameters: Any) -> Any:
        made = getattr(place.client("iam"), call.format(self.noun))
        return made(**{f"{self.aws}Name": identity}, **parameters)


class Role(Named):
    noun, aws = "role", "Role"
    fields: ClassVar[Fields] = {
        "name": Field(form=TEXT, aws="RoleName", required=True, fixed=True),
        "path": Field(form=TEXT, fixed=True),
        "assumeRolePolicy": Field(form=DOCUMENT, aws="AssumeRolePolicyDocument", required=True),
        "description": Field(form=TEXT),
        "maxSessionDuration": Field(form=NUMBER),
        "permissionsBoundary": Field(form=TEXT, apart=True),
        **TAGGED,
    }
    defaults: ClassVar[Mapping[str, Any]] = {"path": "/", "maxSessionDuration": 3600}

    def create(self, place: Place, inputs: Properties) -> str:
        boundary = {"PermissionsBoundary": inputs["permissionsBoundary"]} if inputs.get("permissionsBoundary") else {}
        tags = {"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}
        place.client("iam").create_role(**outgoing(self.fields, inputs), **boundary, **tags)
        return str(inputs["name"])

    def seen(self, found: Mapping[str, Any]) -> Properties:
        document = json.dumps(found["AssumeRolePolicyDocument"])
        boundary = (found.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
        return {
            **incoming(self.fields, {**found, "AssumeRolePolicyDocument": document}),
            **({"permissionsBoundary": boundary} if boundary else {}),
        }

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        client, told = place.client("iam"), changed(before, after)
        self.retag(place, identity, before, after)
        if "assumeRolePolicy" in told:
            client.update_assume_role_policy(RoleName=identity, PolicyDocument=after["assumeRolePolicy"])
        if told & {"description", "maxSessionDuration"}:
            client.update_role(
                RoleName=identity,
                Description=after.get("description") or "",
                MaxSessionDuration=after["maxSessionDuration"],
            )
        if "permissionsBoundary" in told and after.get("permissionsBoundary"):
            client.put_role_permissions_boundary(RoleName=identity, PermissionsBoundary=after["permissionsBoundary"])
        elif "permissionsBoundary" in told:
            client.delete_role_permissions_boundary(RoleName=identity)


class InstanceProfile(Named):
    noun, aws = "instance_profile", "InstanceProfile"
    fields: ClassVar[Fields] = {
        "name": Field(form=TEXT, aws="InstanceProfileName", required=True, fixed=True),
        "path": Field(form=TEXT, fixed=True),
        "role": Field(form=TEXT, apart=True),
        **TAGGED,
    }
    defaults: ClassVar[Mapping[str, Any]] = {"path": "/"}

    def create(self, place: Place, inputs: Properties) -> str:
        client, name = place.client("iam"), inputs["name"]
        tags = {"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}
        client.create_instance_profile(**outgoing(self.fields, inputs), **tags)
        self._set_role(client, name, None, inputs.get("role"))
        return str(name)

    def seen(self, found: Mapping[str, Any]) -> Properties:
        roles = [role["RoleName"] for role in found["Roles"]]
        return {**incoming(self.fields, found), **({"role": roles[0]} if roles else {})}

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        self.retag(place, identity, before, after)
        self._set_role(place.client("iam"), identity, before.get("role"), after.get("role"))

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        self._set_role(place.client("iam"), identity, known.get("role"), None)
        super().delete(place, identity, known)

    @staticmethod
    def _set_role(client: Any, name: str, before: str | None, after: str | None) -> None:
        if before and before != after:
            client.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=before)
        if after and before != after:
            client.add_role_to_instance_profile(InstanceProfileName=name, RoleName=after)


class RolePolicy(Kind):
    """A policy within a role; its ID is `role:name`, as the official provider's."""

    fields: ClassVar[Fields] = {
        "name": Field(form=TEXT, aws="PolicyName", required=True, fixed=True),
        "role": Field(form=TEXT, aws="RoleName", required=True, fixed=True),
        "policy": Field(form=DOCUMENT, aws="PolicyDocument", required=True),
    }
    computed = ()
    absent = _GONE
    name = "name"

    def create(self, place: Place, inputs: Properties) -> str:
        place.client("iam").put_role_policy(**outgoing(self.fields, inputs))
        return f"{inputs['role']}:{inputs['name']}"

    def read(self, place: Place, identity: str, known: Properties) -> Properties | None:
        role, _, name = identity.partition(":")
        found = place.client("iam").get_role_policy(RoleName=role, PolicyName=name)
        return incoming(self.fields, {**found, "PolicyDocument": json.dumps(found["PolicyDocument"])})

    def update(self, place: Place, identity: str, before: Properties, after: Properties) -> None:
        place.client("iam").put_role_policy(**outgoing(self.fields, after))

    def delete(self, place: Place, identity: str, known: Properties) -> None:
        role, _, name = identity.partition(":")
        place.client("iam").delete_role_policy(RoleName=role, PolicyName=name)
