"""Copy a bundle that exists: to another path, as a folder or as a zip file, also from Hugging Face."""

import os
import shutil
import zipfile
from pathlib import Path

from tfft.bundles.bundle import checked, opened_bundle
from tfft.bundles.contents import CONTENTS, is_file
from tfft.bundles.hub_handles import is_hub
from tfft.bundles.paths import not_written
from tfft.bundles.writer import check_target
from tfft.core import files
from tfft.core.errors import BundleError


def copy_bundle(source: str | os.PathLike[str], path: str | Path) -> Path:
    """Check a bundle as ``load`` does, and copy its files; the model card, which its author may have edited, is kept.

    Args:
        source: The path of the bundle, or ``hf://owner/name``, perhaps with ``@revision``.
        path: The path of a folder, or of a zip file when it ends in ``.zip``.

    Returns:
        The path.

    Raises:
        BundleError: As ``load``; when ``path`` exists and is not a bundle, lies in the source, or cannot be written.

    Example:
        >>> import tempfile, tfft
        >>> model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     first = tfft.export(model, f"{folder}/first.tfft")
        ...     tfft.load(copy_bundle(first, f"{folder}/second.zip")).task.labels.names
        ('ants', 'bees')
    """
    check_target(path)
    path = Path(path)
    if not is_hub(os.fspath(source)) and path.exists() and os.path.exists(source) and os.path.samefile(source, path):
        raise BundleError("A bundle cannot be copied onto itself.", repr(str(path)), "Choose another path.")
    if not is_hub(os.fspath(source)) and path.resolve().is_relative_to(Path(source).resolve()):
        raise BundleError("A bundle cannot be copied into itself.", repr(str(path)), "Choose a path outside of it.")
    with opened_bundle(source) as (folder, name):
        checked(folder, repr(name))
        try:
            with files.replacing(path) as fresh:
                _copy(folder, fresh, packed=path.suffix == ".zip")
        except OSError as error:
            raise not_written(path, error) from error
    return path


def names_of(folder: Path) -> list[str]:
    """List the files of a bundle; other files in its folder are not its own.

    Args:
        folder: The folder of the bundle.

    Returns:
        Their names, with ``/``, sorted.
    """
    there = [folder / name for name in sorted(CONTENTS)]
    found = [each for path in there for each in ([path] if path.is_file() else sorted(path.glob("*")))]
    return [name for name in (path.relative_to(folder).as_posix() for path in found) if is_file(name)]


def _copy(folder: Path, target: Path, packed: bool) -> None:
    if packed:
        with zipfile.ZipFile(target, "w") as archive:
            for name in names_of(folder):
                archive.write(folder / name, name)
        return
    for name in names_of(folder):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, target / name)
