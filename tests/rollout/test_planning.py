"""Which document follows from what is declared and known."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.model.records import FormationRecord, FormationState, Started
from etcd_ops.model.spec import Desired, Formation, FormationMode, Mode
from etcd_ops.model.status import FailedChange, Highest
from etcd_ops.model.status import State as MemberState
from etcd_ops.rollout import Contents, Refused, State
from etcd_ops.rollout.planning import choose_formation, next_document
from tests.rollout.samples import OWNER, declaration, migrating, spec, status

NEW, EXISTING, ADOPT = FormationMode.NEW, FormationMode.EXISTING, FormationMode.ADOPT
JOIN = FormationMode.JOIN


def fresh_tokens() -> Any:
    numbers = count(1)
    return lambda: f"fresh-{next(numbers)}"


def document(**changes: Any) -> Desired:
    fields = {
        "generation": 4,
        "owner": OWNER,
        "formation": Formation(token="t", mode=NEW),
        "body": spec().to_wire(),
    }
    return Desired.model_validate(fields | changes)


def record(state: FormationState, token: str = "t") -> FormationRecord:
    return FormationRecord(token=token, state=state, founders={"m0": "https://127.46.0.1:2380"})


def test_the_first_document_forms_a_new_cluster() -> None:
    first = next_document(Contents(), declaration(), State(), fresh_tokens())
    assert (first.generation, first.parent, first.owner) == (1, "", OWNER)
    assert first.formation == Formation(token="fresh-1", mode=NEW)
    assert first.body == spec().to_wire()


def test_the_same_declaration_leaves_the_document_alone() -> None:
    held = Contents(desired=document(), formation=record(FormationState.FORMED))
    assert next_document(held, declaration(), State(4, "d", "t", True), fresh_tokens()) == held.desired


def test_a_change_names_its_parent() -> None:
    held = Contents(desired=document(), formation=record(FormationState.FORMED))
    after = next_document(held, declaration(spec=spec(environment="test")), State(), fresh_tokens())
    assert held.desired is not None
    assert (after.generation, after.parent) == (5, held.desired.digest)
    assert after.formation == Formation(token="t", mode=EXISTING)


@given(st.integers(1, 90), st.integers(0, 90), st.integers(0, 90), st.integers(0, 90))
def test_a_written_generation_is_above_everything_seen(channel: int, read: int, kept: int, state: int) -> None:
    statuses = {"m0": status("m0", generation=read, highest=Highest(generation=kept))}
    held = Contents(desired=document(generation=channel), statuses=statuses)
    after = next_document(held, declaration(mode=Mode.PAUSED), State(generation=state), fresh_tokens())
    assert after.generation == 1 + max(channel, read, kept, state)


def test_a_store_rolled_back_gets_the_document_again() -> None:
    held = Contents(desired=document(generation=4), formation=record(FormationState.FORMED))
    after = next_document(held, declaration(), State(7, "d", "t", True), fresh_tokens())
    assert after.generation == 8


def test_a_document_that_a_member_gave_up_is_tried_again_when_declared_again() -> None:
    given_up = FailedChange(digest=document().digest, reason="etcd refused it")
    statuses = {"m0": status("m0", document(), state=MemberState.FAILED, failed=given_up)}
    held = Contents(desired=document(), formation=record(FormationState.FORMED), statuses=statuses)
    assert next_document(held, declaration(), State(), fresh_tokens()).generation == 5


def test_another_owner_is_refused_and_named() -> None:
    held = Contents(desired=document(owner="urn:other"))
    with pytest.raises(Refused, match="urn:other") as refusal:
        next_document(held, declaration(), State(), fresh_tokens())
    assert [problem.path for problem in refusal.value.problems] == ["channel"]


def test_another_owner_can_be_followed_by_declaration() -> None:
    held = Contents(desired=document(owner="urn:other"), formation=record(FormationState.FORMED))
    after = next_document(held, declaration(former_owner="urn:other"), State(), fresh_tokens())
    assert (after.owner, after.former_owner, after.formation.mode) == (OWNER, "urn:other", EXISTING)


@pytest.mark.parametrize("refusing", [0, 1, 2, 3])
def test_what_most_agents_refuse_is_no_measure(refusing: int) -> None:
    """Somebody wrote by hand what may not follow: an `up` puts it right, though going back may not follow either."""
    body = spec().to_wire()
    body["members"]["m0"]["zone"] = "elsewhere"
    held = document(body=body)
    refused = FailedChange(digest=held.digest, reason="a slot keeps its zone")
    statuses = {
        slot: status(slot, held, refused=refused if number < refusing else None)
        for number, slot in enumerate(("m0", "m1", "m2"))
    }
    contents = Contents(desired=held, formation=record(FormationState.FORMED), statuses=statuses)
    if refusing < 2:
        with pytest.raises(Refused, match="a slot keeps its zone"):
            next_document(contents, declaration(), State(), fresh_tokens())
        return
    after = next_document(contents, declaration(), State(), fresh_tokens())
    assert (after.generation, after.parent, after.body) == (5, "", spec().to_wire())


def test_what_nothing_was_judged_against_names_no_parent() -> None:
    emptied = Contents(formation=record(FormationState.FORMED))
    assert next_document(emptied, declaration(), State(7, "d", "t", True), fresh_tokens()).parent == ""
    unformed = next_document(Contents(desired=document()), declaration(mode=Mode.PAUSED), State(), fresh_tokens())
    assert unformed.parent == ""
    unreadable = Contents(desired=document(body={}), formation=record(FormationState.FORMED))
    assert next_document(unreadable, declaration(), State(), fresh_tokens()).parent == ""


def test_what_another_owner_destroyed_completely_is_free() -> None:
    gone = document(owner="urn:other", mode=Mode.RETIRING)
    held = Contents(desired=gone, formation=record(FormationState.CLOSED))
    after = next_document(held, declaration(), State(), fresh_tokens())
    assert after.formation == Formation(token="fresh-1", mode=NEW)


def test_what_another_owner_destroyed_but_kept_is_not_free() -> None:
    gone = document(owner="urn:other", mode=Mode.RETIRING)
    held = Contents(desired=gone, formation=record(FormationState.FORMED))
    with pytest.raises(Refused):
        next_document(held, declaration(), State(), fresh_tokens())


@pytest.mark.parametrize(
    ("held", "adopt", "state", "expected"),
    [
        pytest.param(Contents(), False, State(), ("fresh-1", NEW), id="nothing known"),
        pytest.param(Contents(), True, State(), ("fresh-1", ADOPT), id="somebody else's data"),
        pytest.param(
            Contents(statuses={"m1": status("m1", has_data=True)}),
            True,
            State(),
            ("fresh-1", ADOPT),
            id="somebody else's data, and agents that see it",
        ),
        pytest.param(Contents(), False, State(1, "d", "t"), ("t", EXISTING), id="channel emptied"),
        pytest.param(Contents(desired=document()), False, State(), ("t", NEW), id="not begun"),
        pytest.param(Contents(desired=document()), False, State(4, "d", "t", True), ("t", EXISTING), id="record lost"),
        pytest.param(
            Contents(desired=document(), formation=record(FormationState.FORMING)),
            False,
            State(4, "d", "t"),
            ("t", NEW),
            id="forming",
        ),
        pytest.param(
            Contents(desired=document(), formation=record(FormationState.FORMING)),
            False,
            State(4, "d", "t", True),
            ("t", EXISTING),
            id="record rolled back",
        ),
        pytest.param(
            Contents(formation=record(FormationState.FORMED, "kept")),
            False,
            State(),
            ("kept", EXISTING),
            id="kept volumes",
        ),
        pytest.param(
            Contents(desired=document(mode=Mode.RETIRING), formation=record(FormationState.CLOSED)),
            False,
            State(),
            ("fresh-1", NEW),
            id="destroyed",
        ),
        pytest.param(
            Contents(
                desired=document(formation=Formation(token="next", mode=NEW)),
                formation=record(FormationState.CLOSED),
            ),
            False,
            State(),
            ("next", NEW),
            id="declared again after destroying",
        ),
    ],
)
def test_formation(held: Contents, adopt: bool, state: State, expected: tuple[str, FormationMode]) -> None:
    chosen = choose_formation(held, ADOPT if adopt else NEW, state, fresh_tokens())
    assert (chosen.token, chosen.mode) == expected


@pytest.mark.parametrize(
    ("held", "state", "expected"),
    [
        pytest.param(Contents(), State(), ("fresh-1", JOIN), id="nothing known"),
        pytest.param(Contents(desired=document()), State(), ("t", JOIN), id="declared as a new one, not begun"),
        pytest.param(
            Contents(desired=document(), formation=record(FormationState.FORMED)), State(), ("t", EXISTING), id="joined"
        ),
        pytest.param(Contents(), State(1, "d", "t"), ("t", EXISTING), id="channel emptied"),
    ],
)
def test_what_is_joined_is_never_formed(held: Contents, state: State, expected: tuple[str, FormationMode]) -> None:
    joining = declaration(spec=migrating())
    chosen = choose_formation(held, joining.beginning, state, fresh_tokens())
    assert (chosen.token, chosen.mode) == expected


def test_live_members_without_any_record_are_not_guessed_about() -> None:
    with pytest.raises(Refused, match="m1"):
        choose_formation(Contents(statuses={"m1": status("m1")}), NEW, State(), fresh_tokens())


@given(
    st.sampled_from([None, *FormationState]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_a_formed_cluster_is_never_formed_again(
    recorded: FormationState | None, written: bool, formed: bool, adopt: bool
) -> None:
    known = record(recorded) if recorded else None
    if known:
        known = known.model_copy(update={"started": {"m0": Started(volume_id="v", peer_url="u")}})
    held = Contents(desired=document() if written else None, formation=known)
    chosen = choose_formation(held, ADOPT if adopt else NEW, State(4, "d", "t", formed), fresh_tokens())
    ever = formed or recorded is FormationState.FORMED
    if ever and recorded is not FormationState.CLOSED:
        assert chosen == Formation(token="t", mode=EXISTING)
