"""Check the folders that a user names as parts before their files are read."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfft.core.errors import DataError, shortlist
from tfft.data.files.file_listing import visible_folders
from tfft.data.files.part_names import inner, part_of
from tfft.data.files.parts import PARTS, meant


def named_parts(root: Path, parts: Any) -> dict[str, Path]:
    """Find the folders of named parts.

    Args:
        root: The root folder.
        parts: Part -> folder below the root, such as ``{"train": "2019", "test": "2020"}``; ``"."`` is the root itself.

    Returns:
        Part -> the folder that holds its class folders.

    Raises:
        DataError: When a part or a folder does not exist, or a folder is outside of the root. Also when the root is
            named as the training part, but holds a folder that is one.
    """
    if not isinstance(parts, Mapping):
        raise DataError(
            "parts= must be a mapping of parts to folders, or False.", repr(parts), 'Write parts={"train": "train"}.'
        )
    for part, name in parts.items():
        if part in PARTS and not (isinstance(name, (str, os.PathLike)) and str(name).strip()):
            raise DataError(
                f"parts= names no folder for the {part} part.",
                f"{dict(parts)!r}",
                f"Write the name of a folder, or leave {part!r} out of parts=."
                if part != "train"
                else 'Write parts={"train": "name of a folder"}; or parts=False when all folders are classes.',
            )
    unknown = [part for part in parts if part not in PARTS]
    places = {part: _place(root, parts[part]) for part in PARTS if part in parts}
    missing = [str(parts[part]) for part, place in places.items() if not place.is_dir()]
    if unknown or missing or "train" not in parts:
        raise DataError(
            f"parts= must map 'train', 'validation', 'test' to folders below {str(root)!r}, with 'train' among them.",
            f"{dict(parts)!r}, missing folders {missing!r}",
            meant(unknown) if unknown else f"There are the folders {shortlist(p.name for p in visible_folders(root))}.",
        )
    if places["train"] == root:
        _check_root(root, set(places.values()))
    return {part: inner(place) for part, place in places.items()}


def _place(root: Path, name: str | os.PathLike[str]) -> Path:
    place = Path(os.path.normpath(root / name))
    outside = os.path.relpath(place, root)
    if outside == ".":
        return root
    if outside.split(os.sep)[0] == os.pardir:
        raise DataError(
            f"The folder {str(name)!r} of parts= is not below {str(root)!r}.",
            f"{str(place)!r}",
            "Pass the folder that holds all parts.",
        )
    return root / outside


def _check_root(root: Path, named: set[Path]) -> None:
    """Refuse the root as the training part when a folder in it is a training part, because its parts would become classes."""
    others = [child for child in visible_folders(root) if child not in named]
    inside = {child: {each.name for each in visible_folders(child)} for child in others}
    for child in others:
        if part_of(child.name) == "train" and inside[child]:
            alike = any(inside[child] & inside[other] for other in others if other != child)
            if alike or all(part_of(other.name) for other in others):
                raise DataError(
                    f"parts= makes {str(root)!r} the training part, so its folders would be classes, but they look like parts.",
                    shortlist(other.name for other in others),
                    f"Write parts={{'train': {child.name!r}, ...}}, or parts=False when all folders are classes.",
                )
