"""Check the files of a bundle that do not affect answers, such as its report. The manifest holds their digests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfft.core import fingerprint, limits
from tfft.core.errors import BundleError, shortlist

SEEN, REPORT, PAGE = "seen.json", "report.json", "report.md"
RECORDS = (SEEN, REPORT, PAGE)
CARD = "card.md"
"""The model card. It has no digest, because the user fills in licences and limits."""


def digests(folder: Path) -> dict[str, str]:
    """Hash the records in a folder.

    Args:
        folder: The folder of a bundle.

    Returns:
        Name -> 32 hexadecimal digits, for the records that exist.

    Raises:
        BundleError: When a record exceeds a limit of ``core.limits``.
    """
    found = {}
    for name in RECORDS:
        path = folder / name
        if path.is_file():
            limits.check("json_bytes", path.stat().st_size, name, BundleError)
            found[name] = fingerprint.digest(path.read_bytes())
    return found


def difference(folder: Path, manifest: Mapping[str, Any]) -> str:
    """Compare the records in a folder with the manifest.

    Args:
        folder: The folder of a bundle.
        manifest: Its values; bundles of older versions have no ``records``, and nothing is compared.

    Returns:
        A description of the first difference; empty when there is none.

    Raises:
        BundleError: When a record exceeds a limit of ``core.limits``.
    """
    if "records" not in manifest:
        return ""
    noted, found = manifest["records"], digests(folder)
    if missing := [name for name in noted if name not in found]:
        return f"{shortlist(missing)} is missing"
    if more := [name for name in found if name not in noted]:
        return f"{shortlist(more)} was added"
    if changed := [name for name in found if found[name] != noted[name]]:
        return f"{shortlist(changed)} was changed"
    return ""
