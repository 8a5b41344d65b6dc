from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_kustomer import settings, timestamps
from tap_kustomer.errors import SettingsError
from tap_kustomer.settings import NUMBERS, api_url, from_environment, months_before
from tests.support import NOW, load

ACME = "https://acme.api.kustomerapp.com"


@pytest.mark.parametrize(
    "written",
    [
        "https://acme.kustomerapp.com",
        "https://acme.kustomerapp.com/",
        "https://acme.kustomerapp.com/app/dashboard/64f0?tab=1#top",
        "https://ACME.Kustomerapp.com:443",
        "acme.kustomerapp.com",
        "acme.api.kustomerapp.com",
        " https://acme.api.kustomerapp.com/v1 ",
    ],
)
def test_base_url_becomes_the_api_host(written: str) -> None:
    assert api_url(written) == ACME


@pytest.mark.parametrize(
    "host", ["api.kustomerapp.com", "api.prod2.kustomerapp.com", "api.prod4.kustomerapp.com"]
)
def test_regional_hosts_stay(host: str) -> None:
    assert api_url(host) == f"https://{host}"


@pytest.mark.parametrize("written", ["http://127.0.0.1:8910", "http://localhost:80/x"])
def test_loopback_with_a_port_may_be_plain(written: str) -> None:
    assert api_url(written).startswith("http://")


def test_loopback_ipv6() -> None:
    assert api_url("http://[::1]:8910") == "http://[::1]:8910"


@pytest.mark.parametrize(
    "written",
    [
        "https://kustomerapp.com.evil.org",
        "https://evil.org",
        "https://evil.org/acme.kustomerapp.com",
        "https://acmekustomerapp.com",
        "https://acme.kustomerapp.com.",
        "https://a.b.kustomerapp.com",
        "https://acme@evil.org",
        "https://user:secret@acme.kustomerapp.com",
        "https://acme.kustomerapp.com:8443",
        "http://acme.kustomerapp.com",
        "http://127.0.0.1",
        "ftp://127.0.0.1:21",
        "http://10.0.0.1:8910",
        "https://.kustomerapp.com",
        "https://kustomerapp.com",
        "https://www.kustomerapp.com",
        "https://-acme.kustomerapp.com",
        "https://acme.kustomerapp.com:port",
        "https://[acme",
        "acme",
        "https://",
        "",
    ],
)
def test_other_addresses_are_refused_with_advice(written: str) -> None:
    with pytest.raises(SettingsError, match=r"base_url .*https://acme\.kustomerapp\.com"):
        load(base_url=written)


@given(st.text())
def test_base_url_leads_to_kustomer_or_is_refused(written: str) -> None:
    try:
        url = api_url(written)
    except SettingsError:
        return
    host = url.split("://")[1]
    assert host.endswith(".kustomerapp.com") or host.startswith(("127.", "localhost:", "[::1]"))


@pytest.mark.parametrize("key", [None, "", "  ", 7, "två", "a b", "line\nbreak"])
def test_key_is_checked_and_never_repeated(key: object) -> None:
    with pytest.raises(SettingsError, match=r"api_key .*Settings › Security › API Keys") as caught:
        load(api_key=key)
    assert not isinstance(key, str) or not key.strip() or key not in str(caught.value)


def test_key_is_stripped() -> None:
    assert load(api_key=" abc\n").api_key == "abc"


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_have_limits(name: str) -> None:
    _, smallest, largest = NUMBERS[name]
    load(**{name: smallest, "start_date": "2026-11-01"})
    load(**{name: largest})
    for wrong in (smallest - 1, largest + 1, 1.5, "many", True):
        with pytest.raises(SettingsError, match=f"{name} must be a whole number from {smallest}"):
            load(**{name: wrong})


def test_include_deleted_is_true_or_false() -> None:
    assert load().include_deleted
    assert not load(include_deleted=False).include_deleted
    with pytest.raises(SettingsError, match="include_deleted must be true or false"):
        load(include_deleted="yes")


def test_default_history_is_three_months() -> None:
    assert timestamps.text(load().start) == "2026-08-23T00:00:00.000Z"


@pytest.mark.parametrize(
    ("now", "months", "day"),
    [
        ("2026-05-31", 3, "2026-02-28"),
        ("2024-05-31", 3, "2024-02-29"),
        ("2026-01-15", 1, "2025-12-15"),
        ("2026-03-31", 25, "2024-02-29"),
    ],
)
def test_months_before(now: str, months: int, day: str) -> None:
    moment = datetime.fromisoformat(f"{now}T13:30:00+00:00")
    assert months_before(moment, months).isoformat() == f"{day}T00:00:00+00:00"


def test_history_starts_at_midnight_utc_wherever_the_tap_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The machine's zone is nine hours ahead, so that its day is the next one already."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        start = load(start_date=None).start
    time.tzset()
    assert timestamps.text(start) == "2026-08-23T00:00:00.000Z"


def test_start_at_the_limit_is_allowed() -> None:
    load(start_date="2026-08-23").check_first_run()


def test_start_before_the_limit_is_refused_naming_date_and_setting() -> None:
    with pytest.raises(SettingsError, match=r"write 2026-08-23 or later.*max_history_months"):
        load(start_date="2026-08-22").check_first_run()


def test_zero_months_lift_the_limit_but_leave_no_default() -> None:
    load(start_date="2015-01-01", max_history_months=0).check_first_run()
    with pytest.raises(SettingsError, match="start_date is missing"):
        load(max_history_months=0)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"start_date": "soon"}, "start_date is not a date: write it like 2026-01-31"),
        ({"start_date": 20260101}, "start_date is not a date"),
        ({"end_date": "2026-13-01"}, "end_date is not a date"),
        ({"start_date": "2026-11-24"}, "start_date lies in the future"),
        ({"start_date": "2026-11-02", "end_date": "2026-11-01"}, "end_date is 2026-11-01, before"),
        ({"end_date": "2026-08-01"}, "history starts on 2026-08-23"),
    ],
)
def test_bad_dates(config: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        load(**config)


def test_dates_become_instants() -> None:
    loaded = load(start_date="2026-11-01", end_date="2026-11-02T01:00:00+01:00")
    assert timestamps.text(loaded.start) == "2026-11-01T00:00:00.000Z"
    assert loaded.end is not None
    assert timestamps.text(loaded.end) == "2026-11-02T00:00:00.000Z"


def test_now_is_not_the_future() -> None:
    assert load(start_date=NOW.isoformat()).start == timestamps.of(NOW)


PROPERTIES: dict[str, dict[str, Any]] = {
    "api_key": {"type": ["string"]},
    "page_size": {"type": ["integer", "null"]},
    "lookback_seconds": {"type": ["integer", "null"]},
    "include_deleted": {"type": ["boolean", "null"]},
    "kobject_streams": {"type": ["boolean", "null"]},
    "flattening_max_depth": {"type": "integer"},
    "stream_maps": {"type": ["object", "null"]},
}


def read(name: str, value: str) -> Any:  # noqa: ANN401  (of the setting's type)
    return from_environment({f"TAP_KUSTOMER_{name.upper()}": value}, PROPERTIES)[name]


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        *(("page_size", value, "a whole number from 1 to 500") for value in ("abc", "501", "0")),
        *(("page_size", value, "a whole number from 1 to 500") for value in ("1_0", " 7", "7.0")),
        ("lookback_seconds", "-1", "a whole number from 0 to 86400"),
        ("flattening_max_depth", "deep", "a whole number"),
        ("include_deleted", "perhaps", "true or false"),
        ("kobject_streams", " true", "true or false"),
        *(("stream_maps", value, "a JSON object such as {}") for value in ("{", "[]", "[" * 9_999)),
    ],
)
def test_a_wrong_variable_is_named_without_its_value(name: str, value: str, wanted: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(name, value)
    assert str(caught.value) == f"Variable TAP_KUSTOMER_{name.upper()} must be {wanted}."


@pytest.mark.parametrize("value", ["true", "TRUE", "1", "yes", "On"])
def test_words_for_true(value: str) -> None:
    assert read("include_deleted", value) is True


@pytest.mark.parametrize("value", ["false", "False", "0", "no", "OFF"])
def test_words_for_false(value: str) -> None:
    assert read("include_deleted", value) is False


def test_variables_become_settings_of_their_type() -> None:
    assert read("page_size", "7") == 7
    assert read("flattening_max_depth", "-3") == -3
    assert read("stream_maps", '{"users": null}') == {"users": None}
    assert read("api_key", "7") == "7"


def test_an_empty_variable_is_not_set_and_others_are_ignored() -> None:
    given = {"TAP_KUSTOMER_PAGE_SIZE": "", "TAP_KUSTOMER__SELECT": "[]", "PAGE_SIZE": "7"}
    assert from_environment(given, PROPERTIES) == {}


def test_history_before_1970_is_all_history() -> None:
    assert load(start_date="1900-01-01", max_history_months=0).start == 0
    assert load(start_date="0001-01-01", max_history_months=0).start == 0


def test_an_unknown_setting_is_an_error_that_knows_better() -> None:
    known = ["api_key", "start_date", "page_size"]
    sentences = settings.unknown({"api_key": "x", "start_dat": "x", "zzz": 1}, known)
    assert sentences == [
        "Setting start_dat is unknown: did you mean start_date?",
        "Setting zzz is unknown: remove it.",
    ]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("https://me@acme.kustomerapp.com", "contains a user name or password"),
        ("http://acme.kustomerapp.com", "does not start with https://"),
        ("https://acme.kustomerapp.com:8443", "names a port"),
        ("https://evil.org", "does not name a Kustomer org"),
        ("https://api.api.kustomerapp.com", "does not name your org"),
        ("https://[acme", "is not a web address"),
    ],
)
def test_what_is_wrong_with_an_address_is_said(written: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=f"^Setting base_url {fault}: write "):
        api_url(written)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_loopback_address_stays_as_it_is(scheme: str) -> None:
    assert api_url(f"{scheme}://127.0.0.1:8910/x") == f"{scheme}://127.0.0.1:8910"


def test_lookback_is_whole_milliseconds() -> None:
    assert str(load(lookback_seconds=7).lookback) == "7000"


def test_batches_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"^Setting batch_config is not supported, .*remove it"):
        load(batch_config={"storage": {}})


@pytest.mark.parametrize("day", ["2026-11-10", "20261110"])
def test_an_end_date_without_a_time_includes_its_day(day: str) -> None:
    end = load(start_date="2026-11-10", end_date=day).end
    assert end is not None
    assert timestamps.text(end) == "2026-11-10T23:59:59.999Z"


def test_a_range_of_one_instant_is_a_range() -> None:
    instant = "2026-11-01T00:00:00Z"
    assert load(start_date=instant, end_date=instant).end is not None
