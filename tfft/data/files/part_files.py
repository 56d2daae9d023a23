"""Find the files of a folder that are named like parts of a dataset, such as train.json and dev.json."""

from collections.abc import Callable
from pathlib import Path

from tfft.core.errors import DataError, shortlist
from tfft.data.files.part_names import part_of

_DATA = frozenset((".bio", ".conll", ".csv", ".iob", ".json", ".jsonl", ".parquet", ".tsv", ".txt"))


def part_files(path: Path, fits: Callable[[Path], bool]) -> dict[str, Path]:
    """Find files of one form.

    Args:
        path: A file, or a folder with a file for each part.
        fits: Whether a path has the form.

    Returns:
        Part -> file; empty where no file fits, and for a folder with folders in it, which may be classes.

    Raises:
        DataError: When the files of a folder do not name their parts, or files of another form are named like parts.

    Example:
        >>> part_files(Path("notes.conll"), lambda path: path.suffix == ".conll")
        {'train': PosixPath('notes.conll')}
    """
    if not path.is_dir():
        return {"train": path} if fits(path) else {}
    below = sorted(each for each in path.iterdir() if not each.name.startswith("."))
    files = [] if any(each.is_dir() for each in below) else [each for each in below if fits(each)]
    parts = {file: part_of(file.stem) for file in files}
    if None in parts.values() or len(set(parts.values())) < len(files):
        raise DataError(
            f"The files in {str(path)!r} do not name their parts.",
            shortlist([file.name for file in files]),
            'Name them "train", "dev" and "test", or pass one file.',
        )
    rest = [each for each in below if each not in files and each.suffix.lower() in _DATA]
    others = [each.name for each in rest if part_of(each.stem) is not None]
    if files and others:
        raise DataError(
            f"The folder {str(path)!r} holds files of two forms that are named like parts.",
            f"{shortlist([file.name for file in files])}, and {shortlist(others)}",
            "Keep the files of one form in the folder, or pass one file.",
        )
    return {part: file for file, part in parts.items() if part is not None}
