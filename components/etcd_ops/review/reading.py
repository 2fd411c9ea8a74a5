"""From what `pulumi` prints to values: the digest of a preview, its stream of events, and analyses of policies.

Formats: `PreviewDigest` (pulumi/pulumi, pkg/display/preview.go) and `EngineEvent` (sdk/go/common/apitype/events.go);
the stream is what `preview --json` prints with `PULUMI_ENABLE_STREAMING_JSON_PREVIEW`, and `policy analyze --json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from etcd_ops.review.preview import CHANGES, Change, Complaint, Preview, State, Step, Violation
from etcd_ops.review.values import mapping_of, text_of

_WORSE = (
    Change.SAME, Change.READ, Change.CREATE, Change.UPDATE, Change.REPLACE, Change.DELETE, Change.UNKNOWN,
)  # fmt: skip
"""The engine says several things of a resource that is replaced; the one that takes most counts."""


class Unreadable(Exception):
    """Something that is not what `pulumi` prints; the message says why."""


def read_preview(text: str) -> Preview:
    """A preview from its digest or its stream of events.

    Raises:
        Unreadable: it is neither.
    """
    documents = _documents(text)
    if len(documents) == 1 and not _is_event(documents[0]):
        return _from_digest(documents[0])
    return _from_events(documents)


def read_violations(text: str) -> tuple[Violation, ...]:
    """What `policy analyze --json` found; nothing where it printed nothing.

    Raises:
        Unreadable: it is not a stream of events.
    """
    if not text.strip():
        return ()
    documents = _documents(text)
    if not all(_is_event(each) for each in documents):
        raise Unreadable("an analysis of policies is a stream of events, as `pulumi policy analyze --json` prints it")
    return tuple(_violations(documents))


def _documents(text: str) -> list[Mapping[str, Any]]:
    """The JSON objects of a text, one after the other."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while (at := _skipped(text, at)) < len(text):
        try:
            document, at = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError) as problem:
            raise Unreadable(f"it is not JSON: {problem}") from problem
        if not isinstance(document, Mapping):
            raise Unreadable("it is JSON, but not of a preview: an object was expected")
        found.append(document)
    if not found:
        raise Unreadable("it is empty")
    return found


def _skipped(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _is_event(document: Mapping[str, Any]) -> bool:
    return "sequence" in document and "timestamp" in document


def _from_digest(digest: Mapping[str, Any]) -> Preview:
    if not {"steps", "diagnostics", "changeSummary", "config", "duration"} & digest.keys():
        raise Unreadable("it has none of the parts of a preview, such as steps and changeSummary")
    return Preview(
        steps=_merged(_step(each) for each in _objects(digest.get("steps"))),
        complaints=tuple(_complaints(_objects(digest.get("diagnostics")))),
        complete="changeSummary" in digest,
        corrupt=bool(digest.get("maybeCorrupt")),
    )


def _from_events(documents: list[Mapping[str, Any]]) -> Preview:
    if not all(_is_event(each) for each in documents):
        raise Unreadable("it is neither the digest of a preview nor a stream of events")
    before = [mapping_of(mapping_of(each.get("resourcePreEvent")).get("metadata")) for each in documents]
    summary = next((mapping_of(each["summaryEvent"]) for each in documents if "summaryEvent" in each), None)
    told = [mapping_of(each["diagnosticEvent"]) for each in documents if "diagnosticEvent" in each]
    return Preview(
        steps=_merged(_event_step(each) for each in before if each),
        complaints=tuple(_complaints(each for each in told if not each.get("ephemeral"))),
        violations=tuple(_violations(documents)),
        complete=summary is not None,
        corrupt=bool(summary.get("maybeCorrupt")) if summary is not None else False,
        audited=any("policyLoadEvent" in each or "policyEvent" in each for each in documents),
    )


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    for each in value if isinstance(value, list) else ():
        if not isinstance(each, Mapping):
            raise Unreadable("one of its steps or diagnostics is not an object")
        yield each


def _step(raw: Mapping[str, Any]) -> Step:
    return Step(
        urn=text_of(raw.get("urn")),
        change=_change(raw.get("op")),
        operation=text_of(raw.get("op")),
        old=_state(raw.get("oldState")),
        new=_state(raw.get("newState")),
        reasons=_reasons(raw, "replaceReasons", "diffReasons"),
        deleted_first=raw.get("op") == "delete-replaced",
    )


def _event_step(raw: Mapping[str, Any]) -> Step:
    return Step(
        urn=text_of(raw.get("urn")),
        change=_change(raw.get("op")),
        operation=text_of(raw.get("op")),
        old=_state(raw.get("old")),
        new=_state(raw.get("new")),
        reasons=_reasons(raw, "keys", "diffs"),
        deleted_first=raw.get("op") == "delete-replaced",
    )


def _change(operation: Any) -> Change:
    return CHANGES.get(text_of(operation), Change.UNKNOWN)


def _reasons(raw: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    """Every property that the engine names as a reason, each once."""
    told = [*names, "detailedDiff"]
    lists = (raw.get(name) for name in told)
    return tuple(dict.fromkeys(str(each) for found in lists if isinstance(found, list | Mapping) for each in found))


def _state(raw: Any) -> State | None:
    if not isinstance(raw, Mapping):
        return None
    sources = mapping_of(raw.get("propertyDependencies"))
    return State(
        inputs=mapping_of(raw.get("inputs")),
        outputs=mapping_of(raw.get("outputs")),
        parent=text_of(raw.get("parent")),
        protect=bool(raw.get("protect")),
        retain=bool(raw.get("retainOnDelete")),
        sources={name: tuple(map(str, each)) for name, each in sources.items() if isinstance(each, list)},
    )


def _merged(steps: Iterable[Step]) -> tuple[Step, ...]:
    """One step for every resource, in the order in which the engine first spoke of them."""
    found: dict[str, Step] = {}
    for step in steps:
        found[step.urn] = _both(found[step.urn], step) if step.urn in found else step
    return tuple(_unchanged(step) if step.change is Change.SAME else step for step in found.values())


def _unchanged(step: Step) -> Step:
    """The engine shows one state, or both, of what stays the same."""
    return replace(step, old=step.old or step.new, new=step.new or step.old)


def _both(first: Step, second: Step) -> Step:
    """What two steps say of the same resource. One that is deleted and made again is replaced."""
    worst = max(first, second, key=lambda each: _WORSE.index(each.change))
    change = worst.change
    if {first.change, second.change} == {Change.CREATE, Change.DELETE}:
        change = Change.REPLACE
    created = any(each.operation in ("create-replacement", "replace") for each in (first,))
    return replace(
        worst,
        change=change,
        old=first.old or second.old,
        new=second.new or first.new,
        reasons=tuple(dict.fromkeys([*first.reasons, *second.reasons])),
        deleted_first=first.deleted_first or (second.deleted_first and not created),
    )


def _complaints(raw: Iterable[Mapping[str, Any]]) -> Iterator[Complaint]:
    for each in raw:
        severity = each.get("severity")
        if severity not in ("error", "warning"):
            continue
        text = f"{each.get('prefix', '')}{each.get('message', '')}".strip()
        yield Complaint(text, text_of(each.get("urn")), error=severity == "error")


def _violations(documents: Iterable[Mapping[str, Any]]) -> Iterator[Violation]:
    for document in documents:
        if "policyEvent" in document:
            event = mapping_of(document["policyEvent"])
            yield Violation(
                policy=text_of(event.get("policyName")),
                text=text_of(event.get("message")).strip(),
                urn=text_of(event.get("resourceUrn")),
                mandatory=event.get("enforcementLevel") not in ("advisory", "warning", "none", "disabled"),
            )
