"""Whatever a file holds, its option gets what it needs or one sentence that quotes nothing."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_kustomer import files
from tests.anything import JSON
from tests.emulated import emulated, state_at, wall, whole_catalog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "jane@example.org"  # noqa: S105  (made up)
BROKEN = {
    "truncated": b'{"bookmarks": {"jane@example.org',
    "binary": bytes(range(256)),
    "not UTF-8": b'{"jane@example.org": "\xff"}',
    "two values": b'{"jane@example.org": 1} {}',
    "null": b"null",
    "nested too deeply": b'{"a":' * 100_000,
    "nested deeper than can be copied": b'{"a":' * 400 + b"1" + b"}" * 400,
    "a huge number": b'{"jane@example.org": ' + b"9" * 6_000 + b"}",
    "an endless number": b'{"jane@example.org": 1e99999999999999999999}',
    "half a character": b'{"jane@example.org": "\\ud800"}',
}
NO_OBJECT = {"a list": b"[1]", "a number": b"7", "a text": b'"jane@example.org"'}
EMPTY = {"empty": b"", "blank": b" \r\n"}


def refused(read: Callable[[], object]) -> str:
    with pytest.raises(click.BadParameter) as caught:
        read()
    assert SECRET not in caught.value.message
    return caught.value.message


def through(option: Callable[..., Any], path: Path | str) -> Any:  # noqa: ANN401  (JSON)
    return option(None, None, str(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.json"


@pytest.mark.parametrize("content", (BROKEN | NO_OBJECT | EMPTY).values(), ids=str)
def test_a_file_without_settings_or_catalog(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for read in (lambda: files.config(str(path)), lambda: through(files.catalog, path)):
        assert "is not a usable JSON object" in refused(read)


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_file_without_a_state(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "is not a usable JSON object" in refused(lambda: through(files.state, path))


@pytest.mark.parametrize("content", NO_OBJECT.values(), ids=NO_OBJECT)
def test_whether_json_is_a_state_is_for_the_tap_to_say(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert through(files.state, path) == json.loads(content)


@pytest.mark.parametrize("content", [*EMPTY.values(), None], ids=[*EMPTY, "missing"])
def test_the_first_run_of_a_pipeline_has_no_state(
    path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    if content is not None:
        path.write_bytes(content)
    assert through(files.state, path) is None
    assert caplog.messages == ["The file of --state is missing or empty: every stream starts anew."]


def test_an_option_that_is_not_given() -> None:
    option: Any
    for option in (files.state, files.catalog):
        assert option(None, None, None) is None


@pytest.mark.parametrize("place", ["", "nowhere/file.json", "file.json/beneath"])
def test_a_file_that_can_not_be_read(tmp_path: Path, place: str) -> None:
    (tmp_path / "file.json").write_text("{}")
    path = tmp_path / place
    for read in (lambda: files.config(str(path)), lambda: through(files.catalog, path)):
        assert "missing or can't be read (" in refused(read)
    if "nowhere" not in place:
        assert "can't be read (" in refused(lambda: through(files.state, path))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encodings_that_a_shell_writes(path: Path, encoding: str) -> None:
    state = state_at(wall())
    path.write_text(json.dumps(state), encoding=encoding)
    assert through(files.state, path) == state


def test_a_file_may_be_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"bookmarks": {}}')))
    assert through(files.state, "-") == {"bookmarks": {}}
    monkeypatch.setattr("sys.stdin", None)
    assert "it is closed" in refused(lambda: through(files.state, "-"))


def test_a_catalog_is_read_whole(path: Path) -> None:
    text = json.dumps(whole_catalog(emulated(1)))
    path.write_text(text)
    assert through(files.catalog, path) == json.loads(text)


@pytest.mark.parametrize(
    "value",
    [
        {"foo": 1},
        {"streams": 5},
        {"streams": {}},
        {"streams": [5]},
        {"streams": [{}]},
        {"streams": [{"tap_stream_id": []}]},
        {"streams": [{"tap_stream_id": "users", "metadata": [{}]}]},
        {"streams": [{"tap_stream_id": "users", "schema": 5}]},
        {"streams": [{"tap_stream_id": "users"}]},
        {"streams": [{"tap_stream_id": "users", "schema": {"properties": []}}]},
        {"streams": [{"tap_stream_id": "users", "schema": {"properties": {"id": {"type": 5}}}}]},
        {"streams": [{"tap_stream_id": "users", "schema": {"properties": {}}, "stream": "x"}]},
    ],
)
def test_an_object_that_is_no_catalog(path: Path, value: object) -> None:
    path.write_text(json.dumps(value))
    assert "is not a catalog" in refused(lambda: through(files.catalog, path))


def test_a_stream_that_is_not_selected_needs_no_columns(path: Path) -> None:
    metadata = [{"breadcrumb": [], "metadata": {"selected": False}}]
    path.write_text(json.dumps({"streams": [{"tap_stream_id": "gone", "metadata": metadata}]}))
    (entry,) = through(files.catalog, path)["streams"]
    assert entry["tap_stream_id"] == "gone"


UNUSABLE: dict[str, tuple[str, Any]] = {
    "a pattern that is none": ("name", {"type": ["string", "null"], "pattern": "["}),
    "an unknown type": ("name", {"type": ["foo"], "enum": ["x"]}),
    "a list of types in a list": ("name", {"type": ["string", ["null"]]}),
    "anyOf that is no list": ("name", {"anyOf": 5}),
    "a format that is no text": ("name", {"type": ["string"], "format": ["date-time"]}),
    "a key that is no text": ("id", {"type": "integer"}),
    "a replication key that is no text": ("updated_at", {"type": ["integer", "null"]}),
    "no replication key": ("updated_at", None),
    "no room for other attributes": ("additional_attributes", {"type": ["string", "null"]}),
}


@pytest.mark.parametrize(("column", "schema"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_catalog_whose_columns_can_not_be_used(path: Path, column: str, schema: object) -> None:
    whole = whole_catalog(emulated(1), "work_sessions")
    (entry,) = [one for one in whole["streams"] if one["tap_stream_id"] == "work_sessions"]
    columns = entry["schema"]["properties"]
    columns[column] = schema
    if schema is None:
        del columns[column]
    path.write_text(json.dumps(whole))
    assert "is not a catalog" in refused(lambda: through(files.catalog, path))


def test_a_catalog_whose_replication_key_is_no_column(path: Path) -> None:
    whole = whole_catalog(emulated(1), "work_sessions")
    (entry,) = [one for one in whole["streams"] if one["tap_stream_id"] == "work_sessions"]
    entry["replication_key"] = "nope"
    path.write_text(json.dumps(whole))
    assert "is not a catalog" in refused(lambda: through(files.catalog, path))


@given(
    st.fixed_dictionaries(
        {"tap_stream_id": st.just("users")},
        optional={
            "metadata": JSON,
            "schema": JSON,
            "key_properties": JSON,
        },
    )
)
def test_any_entry_is_one_of_a_catalog_or_a_sentence(entry: dict[str, Any]) -> None:
    content = json.dumps({"streams": [entry]}, default=str)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
        try:
            through(files.catalog, "-")
        except click.BadParameter:
            return
