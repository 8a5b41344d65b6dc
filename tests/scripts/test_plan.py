import pytest

from scripts.meltano import plugins
from scripts.plan import RunError, check_values, make_plan
from tap_kustomer.errors import SettingsError

ORG = {"TAP_KUSTOMER_API_KEY": "key", "TAP_KUSTOMER_BASE_URL": "https://acme.kustomerapp.com"}
SERVER = {"TARGET_POSTGRES_SQLALCHEMY_URL": "postgresql+psycopg://me:pw@db:5432/data?host=/run/x"}


def test_without_settings_the_demo_runs_in_its_own_folder() -> None:
    plan = make_plan({"TAP_KUSTOMER_API_KEY": "", "PATH": "/bin"})
    assert (plan.demo, plan.server, plan.schema, plan.home) == (True, None, "kustomer", ".demo")


def test_every_pair_of_source_and_target_keeps_its_own_bookmark() -> None:
    plans = [make_plan(org | server) for org in ({}, ORG) for server in ({}, SERVER)]
    assert len({plan.home for plan in plans}) == len(plans)


def test_only_a_real_org_and_server_use_meltanos_own_bookmarks() -> None:
    assert make_plan(ORG | SERVER).home is None


def test_sample_data_is_not_loaded_into_the_schema_of_a_real_org() -> None:
    assert make_plan(SERVER).schema != make_plan(ORG | SERVER).schema


def test_a_schema_that_is_set_is_kept() -> None:
    assert make_plan({**SERVER, "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "mine"}).schema == "mine"


@pytest.mark.parametrize("name", ORG)
def test_a_key_without_an_address_or_the_reverse_is_refused(name: str) -> None:
    with pytest.raises(RunError) as caught:
        make_plan({name: "secret"})
    assert all(each in str(caught.value) for each in ORG)
    assert "secret" not in str(caught.value)


def test_the_driver_is_removed_from_the_url() -> None:
    assert make_plan(SERVER).server == "postgresql://me:pw@db:5432/data?host=/run/x"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TAP_KUSTOMER_TYPED_CUSTOM_ATTRIBUTES", "true"),
        ("TAP_KUSTOMER_KOBJECT_STREAMS", "on"),
        ("TAP_KUSTOMER_PAGE_SIZE", "100"),
        ("TAP_KUSTOMER_PAGE_SIZE", ""),
        ("TAP_KUSTOMER_STREAM_MAPS", "{}"),
        ("TARGET_POSTGRES_HARD_DELETE", "NO"),
    ],
)
def test_every_value_that_the_plugins_understand_is_accepted(variable: str, value: str) -> None:
    check_values({variable: value}, plugins())


@pytest.mark.parametrize(
    ("variable", "value", "wanted"),
    [
        ("TAP_KUSTOMER_PAGE_SIZE", "many", "a whole number from 1 to 500"),
        ("TAP_KUSTOMER_INCLUDE_DELETED", "perhaps", "true or false"),
        ("TARGET_POSTGRES_HARD_DELETE", "perhaps", "true or false"),
        ("TARGET_POSTGRES_BATCH_SIZE_ROWS", "many", "a whole number"),
    ],
)
def test_a_wrong_value_is_refused_before_meltano_reads_it(
    variable: str, value: str, wanted: str
) -> None:
    with pytest.raises(SettingsError, match=rf"^Variable {variable} must be {wanted}\.$"):
        check_values({variable: value}, plugins())


@pytest.mark.parametrize("name", ["HOST", "PORT", "USER", "PASSWORD", "DATABASE"])
def test_a_part_of_the_database_address_is_refused(name: str) -> None:
    variable = f"TARGET_POSTGRES_{name}"
    with pytest.raises(
        RunError, match=f"^{variable} is not read: .* TARGET_POSTGRES_SQLALCHEMY_URL"
    ):
        make_plan({variable: "x"})
