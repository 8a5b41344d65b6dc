from datetime import UTC, datetime

import pytest

from scripts.plan import PlanError, check_tap, make_plan

ORG = {"TAP_KUSTOMER_API_KEY": "key", "TAP_KUSTOMER_BASE_URL": "https://acme.kustomerapp.com"}
NOW = datetime(2026, 5, 1, tzinfo=UTC)
SERVER = {"TARGET_POSTGRES_HOST": "db", "TARGET_POSTGRES_PASSWORD": "a b'c"}


def test_nothing_set_is_a_demonstration_in_a_folder_of_its_own() -> None:
    plan = make_plan({"TAP_KUSTOMER_API_KEY": "", "PATH": "/bin"})
    assert (plan.demo, plan.server, plan.schema, plan.home) == (True, None, "kustomer", ".demo")


def test_every_pair_of_source_and_target_keeps_its_own_bookmark() -> None:
    plans = [make_plan(org | server) for org in ({}, ORG) for server in ({}, SERVER)]
    assert len({plan.home for plan in plans}) == len(plans)


def test_only_the_users_own_pair_shares_meltanos_own_bookmarks() -> None:
    assert make_plan(ORG | SERVER).home is None


def test_sample_data_keeps_out_of_the_schema_of_a_real_org() -> None:
    assert make_plan(SERVER).schema != make_plan(ORG | SERVER).schema


def test_a_schema_that_is_set_is_kept() -> None:
    assert make_plan({**SERVER, "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "mine"}).schema == "mine"


@pytest.mark.parametrize("name", ORG)
def test_half_an_org_is_refused_with_both_names_and_without_the_value(name: str) -> None:
    with pytest.raises(PlanError) as caught:
        make_plan({name: "secret"})
    assert all(each in str(caught.value) for each in ORG)
    assert "secret" not in str(caught.value)


def test_a_server_without_its_host_is_refused() -> None:
    with pytest.raises(PlanError, match="TARGET_POSTGRES_HOST"):
        make_plan({"TARGET_POSTGRES_USER": "me"})


def test_the_parts_of_a_server_are_quoted() -> None:
    assert make_plan(SERVER).server == r"host=db password='a b\'c'"


def test_the_driver_is_taken_out_of_an_sqlalchemy_url() -> None:
    url = "postgresql+psycopg://me:pw@db:5432/data?host=/run/socket"
    plan = make_plan({"TARGET_POSTGRES_SQLALCHEMY_URL": url, **SERVER})
    assert plan.server == "postgresql://me:pw@db:5432/data?host=/run/socket"


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"TAP_KUSTOMER_PAGE_SIZE": "100", "TAP_KUSTOMER_INCLUDE_DELETED": "false"},
        {"TAP_KUSTOMER_PAGE_SIZE": "", "TAP_KUSTOMER_STREAM_MAPS": "{}"},
    ],
)
def test_good_settings_of_the_tap_pass(more: dict[str, str]) -> None:
    check_tap(ORG | more, NOW)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", "https://kustomerapp.com.evil.org"),
        ("PAGE_SIZE", "many"),
        ("PAGE_SIZE", "-1"),
        ("START_DATE", "yesterday"),
        ("INCLUDE_DELETED", "perhaps"),
    ],
)
def test_bad_settings_of_the_tap_are_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(PlanError, match=name.lower()):
        check_tap(ORG | {f"TAP_KUSTOMER_{name}": value}, NOW)
