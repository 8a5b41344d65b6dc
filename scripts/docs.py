"""`make docs`: what repeats the code is written from it, docs/DATA_MODEL.md and README.md's tables.

With `--check` nothing is written: stale files are named, and the exit code is 1 if there are any.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts import data_model as model
from tap_kustomer.tap import TapKustomer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_kustomer.streams.base import KustomerStream

ROOT = Path(__file__).resolve().parent.parent
END = "<!-- end -->"
WHAT = ("what a row is", "replication", "key", "on by default")
README_MORE = "[docs/DATA_MODEL.md](docs/DATA_MODEL.md) explains every column."
# An address, or a word that holds an underscore: names of columns, settings and the like.
_CODE = re.compile(
    r"https?://[\w./-]*\w|\b(?:\w+/)?[A-Za-z0-9]+(?:_+(?:[A-Za-z0-9]+|<\w+>))+|\b\w+(?:\.\w+){2,}"
)

DATA_MODEL = """\
# Data model

Which tables the tap fills, what their columns mean, and how they belong together. `make docs`
writes this page from the tap's own catalog, which `tap-kustomer --discover` prints as JSON schemas.

- **Names.** A column is Kustomer's attribute in snake_case: `firstResponse` is `first_response`.
  A relationship to one record is `<name>_id`, to several `<name>_ids`.
- **Nulls.** Every column may be null, except the key and the replication key.
- **Date-times** are Kustomer's own text, such as `2026-05-01T10:30:00.123Z`.
- **Objects and arrays** hold Kustomer's JSON untouched, with names in camelCase inside.
- **Nothing is dropped.** What has no column, or does not fit its column's type, is in
  `additional_attributes` or `additional_relationships`.
- **References are not enforced.** A record may name one that is gone, that is older than the
  history you loaded, or whose stream you did not select: use left joins.

## How the streams belong together

Every stream with its key (PK) and its references to others (FK); `string[]` is an array of ids.
Who created, edited or deleted a record is among the references, but has no line: those would lead
from nearly every stream to `users` and hide the others.

```mermaid
{diagram}
```

## Streams

{streams}

A full table is read anew in every run, and the target is told which rows are gone. An incremental
stream brings what was created or changed since the last run. The streams per conversation are off
by default since each costs a request for every conversation that changed; the audit log is off too.
Select them in the catalog.

## Permissions and requests

Any one of the permissions listed opens a stream; where there is an *and*, one from each side is
needed. The names are those in Kustomer's documents; [BEHAVIOR.md](BEHAVIOR.md) says what is not
known about them.

{access}

## Columns made for your org

Two settings add columns and streams that only your org has. Discovery then asks Kustomer for them.

**`typed_custom_attributes`** gives each custom attribute of these streams a column of its own:
{typed_streams}. The suffix of the attribute's name decides its type:

{typed}

An attribute that holds a list becomes an array of that type; one with another suffix gets no
column. A value that fits moves from `custom` to its column. One that does not fit stays in
`custom`, and the log says how many did.

**`kobject_streams`** adds a stream `kobjects_<klass>` for each klass. It has the columns of
[`kobjects`](#kobjects) and one for each custom attribute of the klass, typed as above. `kobjects`
still holds the custom objects of all klasses.

## Dictionary

*Refers to* names the stream whose key a column holds. These columns may look as if they referred to
a stream, but do not:

{no_references}

{dictionary}"""


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def mark(sentence: str) -> str:
    """A sentence of the code's, with what is code in it marked as such."""
    return _CODE.sub(lambda found: f"`{found[0]}`", sentence).replace("|", r"\|")


def _code(name: str) -> str:
    return f"`{name}`"


def _link(stream: str) -> str:
    return f"[`{stream}`](#{stream})"


def dictionary() -> str:
    """The whole of docs/DATA_MODEL.md."""
    groups = model.streams()
    every = [stream for members in groups.values() for stream in members]
    typed = [_link(one.name) for one in every if model.has_typed_columns(one)]
    return DATA_MODEL.format(
        diagram=model.diagram(every),
        streams=_overview(groups),
        access=_access(every),
        typed_streams=", ".join(typed),
        typed=table(
            ("custom attribute", "column", "type"),
            [(_code(name), _code(column), kind) for name, column, kind in model.typed_examples()],
        ),
        no_references=table(
            ("column", "what it is"),
            [(_code(name), mark(what)) for name, what in model.NO_REFERENCES.items()],
        ),
        dictionary="\n".join(_section(one) for one in every),
    )


def _overview(groups: dict[str, list[KustomerStream]]) -> str:
    rows = [
        (group if one is members[0] else "", _link(one.name), *_what(one))
        for group, members in groups.items()
        for one in members
    ]
    return table(("group", "stream", *WHAT), rows)


def _what(stream: KustomerStream) -> tuple[str, ...]:
    by_default = "yes" if stream.selected_by_default else "no"
    keys = ", ".join(map(_code, stream.primary_keys))
    return mark(model.meaning(stream)), model.replication(stream), keys, by_default


def _access(every: list[KustomerStream]) -> str:
    rows = [
        (
            _link(one.name),
            "<br>*and* ".join(" or ".join(map(_code, group)) for group in one.permissions),
            one.cost,
        )
        for one in every
    ]
    return table(("stream", "permissions that open it", "what a run costs"), rows)


def _section(stream: KustomerStream) -> str:
    rows = [
        (_code(one.name), one.kind, mark(one.meaning), ", ".join(map(_link, one.refers_to)))
        for one in model.columns(stream)
    ]
    what, replication, key, _ = _what(stream)
    return (
        f"### {stream.name}\n\n"
        f"A row is {what}. Key: {key}; {replication}.\n\n"
        f"{table(('column', 'type', 'meaning', 'refers to'), rows)}\n"
    )


def readme(text: str) -> str:
    """README.md with its tables made anew.

    Raises:
        ValueError: the text lacks a pair of markers.
    """
    rows = [
        (_code(one.name), *_what(one)) for members in model.streams().values() for one in members
    ]
    overview = f"{table(('stream', *WHAT), rows)}\n\n{README_MORE}"
    text = _between(text, "streams", overview)
    return _between(text, "settings", _settings())


def _between(text: str, name: str, content: str) -> str:
    begin = f"<!-- {name}: generated by make docs -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        msg = f"README.md has no table between {begin} and {END}"
        raise ValueError(msg)
    return f"{before}{begin}\n\n{content}\n\n{END}{after}"


def _settings() -> str:
    theirs: dict[str, Any] = {"properties": {}}
    TapKustomer.append_builtin_config(theirs)
    schema = TapKustomer.config_jsonschema
    rows = [
        (
            _code(name),
            "required" if name in schema["required"] else _default(setting),
            mark(setting["description"]),
        )
        for name, setting in schema["properties"].items()
        if name not in theirs["properties"]
    ]
    return table(("setting", "default", "meaning"), rows)


def _default(setting: dict[str, Any]) -> str:
    default = setting.get("default")
    return str(default).lower() if default is not None else ""


def pages() -> dict[Path, str]:
    """The files that are written, and what belongs in them."""
    page = ROOT / "README.md"
    return {ROOT / "docs" / "DATA_MODEL.md": dictionary(), page: readme(page.read_text())}


def main() -> None:
    """Write what is stale, or name it."""
    parser = argparse.ArgumentParser(description="Write what the documents repeat of the code.")
    parser.add_argument("--check", action="store_true", help="write nothing, name what is stale")
    check = parser.parse_args().check
    stale = {p: text for p, text in pages().items() if not p.exists() or p.read_text() != text}
    for path, text in stale.items():
        print(f"{path.relative_to(ROOT)} {'is stale: run make docs' if check else 'written'}")
        if not check:
            path.write_text(text)
    if stale and check:
        sys.exit(1)


if __name__ == "__main__":
    main()
