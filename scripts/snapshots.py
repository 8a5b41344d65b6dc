"""`make snapshots`: writes the tap's catalog to tests/snapshots, one file per stream."""

from __future__ import annotations

import json
from pathlib import Path

from tap_kustomer.tap import TapKustomer

FOLDER = Path(__file__).parents[1] / "tests" / "snapshots"


def main() -> None:
    """Write every stream."""
    FOLDER.mkdir(exist_ok=True)
    for entry in TapKustomer(validate_config=False).catalog_dict["streams"]:
        text = json.dumps(entry, indent=1, ensure_ascii=False)
        (FOLDER / f"{entry['tap_stream_id']}.json").write_text(f"{text}\n")


if __name__ == "__main__":
    main()
