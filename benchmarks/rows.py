"""Rows of a long benchmark: measured one by one, written as they come, and never measured twice."""

import json
import platform
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tfft.core import versions
from tfft.core.files import write_text
from tfft.core.machine import cores, instruction_sets

KEY = ("net", "data", "kind", "seed")


def measured(
    out: Path, keys: Iterable[tuple[str, str, str, int]], measure: Callable[[str, str, str, int], dict[str, Any]]
) -> list[dict[str, Any]]:
    """The rows of a JSON file, after what is missing of ``keys`` was measured and added."""
    rows = json.loads(out.read_text()) if out.is_file() else []
    for key in keys:
        if not any(tuple(row[name] for name in KEY) == key for row in rows):
            rows.append(dict(zip(KEY, key, strict=True)) | measure(*key))
            print(rows[-1], flush=True)
            write_text(out, json.dumps(rows, indent=1))
    return rows


def machine() -> str:
    """One line: on what and with what it was measured."""
    return f"{cores()} {platform.machine()} cores ({' '.join(instruction_sets())}), {versions.installed()}"
