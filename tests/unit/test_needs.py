"""A feature that the plan lacks is told from a missing role, and both from what an org lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from emulator.roles import ALL_ROLES
from tap_kustomer.errors import (
    AccessRefusedError,
    ClosedStreamsError,
    KeyRefusedError,
    NotFoundError,
    RecordError,
)
from tap_kustomer.needs import Feature, Needs
from tap_kustomer.streams.configuration import Brands, Tags
from tap_kustomer.streams.conversation_children import Attachments
from tests.emulated import emulated, whole_catalog
from tests.support import Messages, tap_for

if TYPE_CHECKING:
    from emulator import Emulator

AGENTS = Feature("AI Agents", "https://developer.kustomer.com/api/ai")
ROLES = (("org.permission.assistant.read", "org.user.apps.read"),)
GATED = Needs(ROLES, AGENTS, is_default=True)
SOME_ROLE = ["org.user.read"]
REFUSED = AccessRefusedError(403, "/v1/ai/automations")
LACKING = NotFoundError(404, "/v1/snippets")
WHY = "no error"


@pytest.fixture
def gated(monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """An org whose plan lacks brands."""
    monkeypatch.setattr(Brands, "plan_gated", AGENTS)
    emulator = emulated(10, forbidden={"brand"})
    emulator.roles = ALL_ROLES
    return emulator


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """An org without brands."""
    monkeypatch.setattr(Brands, "org_may_lack", True)
    return emulated(10, absent={"brand"})


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_holds_the_role_is_refused_because_of_the_plan(status: int) -> None:
    for role in ROLES[0]:
        refusal = GATED.explain(AccessRefusedError(status, "/v1/x"), ["org.user.read", role])
        assert refusal.is_absence
        assert not refusal.lacks_role
        assert "The org's plan lacks AI Agents" in refusal.reason
        assert AGENTS.source in refusal.reason
        assert "or else" not in refusal.reason


@pytest.mark.parametrize(
    "held", [["org.permission.read"], ["org.permission"], ["org.user"], ["org.admin"], None, [1]]
)
def test_a_short_role_may_not_reach_so_both_reasons_are_named(held: Any) -> None:  # noqa: ANN401  (JSON)
    refusal = GATED.explain(REFUSED, held)
    assert refusal.is_absence
    assert "The org's plan lacks AI Agents" in refusal.reason
    assert "or else the key lacks org.permission.assistant.read or org.user" in refusal.reason


@pytest.mark.parametrize(
    "held",
    [[], ["org.user.customer.read"], ["org.admin.read"], ["org.permission.assistant.create"]],
)
def test_a_key_without_the_role_says_nothing_about_the_plan(held: list[str]) -> None:
    refusal = GATED.explain(REFUSED, held)
    assert refusal.lacks_role
    assert not refusal.is_absence
    assert "needs org.permission.assistant.read or org.user.apps.read, and AI A" in refusal.reason


def test_one_role_of_each_group_must_be_held() -> None:
    needs = Needs((*ROLES, ("org.permission.search.create",)), AGENTS, is_default=True)
    assert needs.explain(REFUSED, [ROLES[0][0]]).lacks_role
    assert needs.explain(REFUSED, [ROLES[0][0], "org.permission.search.create"]).is_absence
    assert "(org.permission.search.create)" in str(needs)


def test_a_stream_of_every_plan_needs_the_role() -> None:
    refusal = Needs(ROLES, is_default=True).explain(REFUSED, [ROLES[0][0]])
    assert refusal.lacks_role
    assert not refusal.is_absence


def test_a_stream_that_any_key_may_read_needs_no_other_key() -> None:
    reason = Needs().explain(REFUSED, []).reason
    assert reason.endswith("The stream needs no permission, only a valid key.")


def test_what_was_selected_on_purpose_is_missed() -> None:
    for needs in (Needs(ROLES, AGENTS), Needs(ROLES, org_may_lack=True)):
        for error in (REFUSED, LACKING):
            assert not needs.explain(error, [ROLES[0][0]]).is_absence


def test_only_404_says_that_the_org_lacks_it() -> None:
    needs = Needs(ROLES, org_may_lack=True, is_default=True)
    assert needs.explain(LACKING, SOME_ROLE).is_absence
    assert not needs.explain(REFUSED, SOME_ROLE).is_absence
    assert not needs.explain(RecordError("odd"), SOME_ROLE).is_absence
    assert not GATED.explain(LACKING, SOME_ROLE).is_absence


@pytest.mark.parametrize("org", ["gated", "lacking"])
def test_a_run_without_it_ends_well(
    org: str, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    emulator = request.getfixturevalue(org)
    messages = Messages()
    tap_for(emulator, messages).read()
    assert not messages.records("brands")
    assert not messages.of("ACTIVATE_VERSION", "brands")
    assert messages.records("tags")
    (line,) = [r for r in caplog.records if WHY in r.getMessage()]
    assert line.levelname == "INFO"
    assert "Stream 'brands' is not read" in line.getMessage()


@pytest.mark.parametrize(
    ("org", "label"), [("gated", "not in this plan"), ("lacking", "not in this org")]
)
def test_a_check_without_it_is_good(
    org: str, label: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tap_for(request.getfixturevalue(org), Messages()).check()
    text = capsys.readouterr().out
    (row,) = [line for line in text.splitlines() if line.startswith("brands ")]
    assert row.split(maxsplit=3)[1:] == ["yes", "no", label]
    assert "\nbrands: " in text
    assert text.endswith(
        "Every selected stream that this org has can be read; runs leave out the others.\n"
    )


def test_a_missing_role_is_an_error_even_if_the_plan_may_lack_it(
    gated: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    short = {"org.permission.read", "org.user.read"}
    gated.roles = tuple(role for role in ALL_ROLES if "brand" not in role and role not in short)
    tap = tap_for(gated, Messages())
    assert not tap.check()
    assert "brands: needs org.permission.brand.read or" in capsys.readouterr().out
    with pytest.raises(ClosedStreamsError, match=r"\[brands\] .*and AI Agents in the org's plan"):
        tap_for(gated, Messages()).read()


def test_a_dead_key_is_no_missing_feature(
    gated: Emulator, lacking: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for emulator in (gated, lacking):
        tap = tap_for(emulator, Messages())

        def expire(_: object, emulator: Emulator = emulator) -> list[Any]:
            emulator.switches.expired_key = True
            return []

        monkeypatch.setattr(tap.streams["tags"], "get_records", expire)
        with pytest.raises(KeyRefusedError):
            tap.read()


@pytest.mark.parametrize("org", ["gated", "lacking"])
def test_what_fails_after_its_first_records_was_there(
    org: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two lists, of which the second is refused: the first proves that the org has them."""
    emulator = request.getfixturevalue(org)
    monkeypatch.setattr(Brands, "lists", (*Tags.lists, *Brands.lists))
    messages = Messages()
    with pytest.raises(ClosedStreamsError, match=r"\[brands\]"):
        tap_for(emulator, messages).read()
    assert messages.records("brands")
    assert not messages.of("ACTIVATE_VERSION", "brands")


def test_what_is_off_by_default_is_missed_by_those_who_selected_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Attachments, "plan_gated", AGENTS)
    emulator = emulated(10, forbidden={"attachment"})
    catalog = whole_catalog(emulator, "attachments")
    with pytest.raises(ClosedStreamsError, match="plan lacks AI Agents"):
        tap_for(emulator, Messages(), catalog=catalog).read()
