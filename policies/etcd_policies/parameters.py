"""What can be configured in a rule: a model per rule, from which come its schema, its defaults and its checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from etcd_ops.model.problems import Problem, suggestion


class Parameters(BaseModel):
    """Parameters of a rule; this one has none. Names are camelCase in configuration files."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class InProduction(Parameters):
    """Parameters of a rule that asks something of production only, or more than elsewhere."""

    production_environments: tuple[str, ...] = Field(
        default=("production", "prod"),
        min_length=1,
        description="values of the component's `environment` that mean production, in upper or lower case",
    )

    def covers(self, environment: str) -> bool:
        """Whether a cluster of this environment is one of production."""
        return environment.casefold() in {each.casefold() for each in self.production_environments}


Given = TypeVar("Given", bound=Parameters)


class Misconfigured(Exception):
    """A rule's configuration cannot be used; carries every problem, by parameter."""

    def __init__(self, rule: str, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        listed = "; ".join(str(problem) for problem in problems)
        super().__init__(f"the configuration of the policy {rule} cannot be used: {listed}")


def schema(parameters: type[Parameters]) -> dict[str, dict[str, Any]]:
    """The JSON Schema of each parameter, by its name in configuration files."""
    properties: dict[str, dict[str, Any]] = parameters.model_json_schema(by_alias=True).get("properties", {})
    return {name: {key: value for key, value in each.items() if key != "title"} for name, each in properties.items()}


def defaults(parameters: type[Parameters]) -> dict[str, Any]:
    """Every parameter with its default, as a configuration file writes it."""
    return {name: each["default"] for name, each in schema(parameters).items()}


def read(rule: str, parameters: type[Given], config: Mapping[str, Any]) -> Given:
    """The parameters that a configuration gives to a rule.

    Args:
        rule: its name.
        parameters: what it takes.
        config: what is configured, without the enforcement level.

    Raises:
        Misconfigured: with every problem.
    """
    try:
        return parameters.model_validate(dict(config))
    except ValidationError as error:
        known = schema(parameters)
        problems = tuple(_problem(each["loc"], each["type"], each["msg"], known) for each in error.errors())
        raise Misconfigured(rule, problems) from error


def _problem(location: tuple[int | str, ...], kind: str, message: str, known: Mapping[str, Any]) -> Problem:
    path = ".".join(str(part) for part in location)
    if kind == "extra_forbidden":
        remedy = suggestion(path, known) or (f"it has {', '.join(known)}" if known else "it has none")
        return Problem(path, "there is no such parameter", remedy)
    return Problem(path, message)
