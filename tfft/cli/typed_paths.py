"""Check paths from the command line before TensorFlow starts, so that a misspelt path is reported at once."""

import os
from collections.abc import Sequence
from pathlib import Path

from tfft.cli import console
from tfft.core.errors import DataError, WeightsError
from tfft.core.path_advice import check_permitted, missing_file

_OTHER_DATA = (".xlsx", ".xls", ".ods", ".gz", ".zip", ".docx", ".pdf")
"""Files that people take for tables or texts. They are not read, but a name of one is not a text either."""


def check_data(path: Path) -> None:
    """Check that the data exists and may be read.

    Args:
        path: The folder or table of ``--data``.

    Raises:
        DataError: When it does not, or may not.

    Example:
        >>> check_data(Path("no such folder"))
        Traceback (most recent call last):
        tfft.core.errors.DataError: There is no folder 'no such folder'...
    """
    check_permitted(path)
    if not path.exists():
        kind = "file" if path.suffix else "folder"
        raise DataError(f"There is no {kind} {str(path)!r}.", fix=missing_file(path))


def check_fit(
    data: Path, out: Path, run_folder: Path | None, resume: bool | None = None, save_minutes: float | None = None
) -> None:
    """Check the paths of ``tfft fit``.

    Args:
        data: The folder or table of ``--data``.
        out: The path of the bundle.
        run_folder: The value of ``--run-folder``.
        resume: The value of ``--resume``.
        save_minutes: The value of ``--save-minutes``.

    Raises:
        BundleError: When no bundle can be written to ``out``.
        ClusterError: When ``TF_CONFIG`` is invalid, which is not a path but should also be known before anything is read.
        DataError: When the data does not exist.
        TfftError: When nothing can be written to the run folder, or ``--resume`` or ``--save-minutes`` has none.
    """
    from tfft.bundles.writer import check_target
    from tfft.core.cluster import read_cluster
    from tfft.training.checks import check_folder

    read_cluster(os.environ)
    check_target(out)
    check_data(data)
    check_folder(run_folder, resume=resume, save_minutes=save_minutes)


def check_backbone(name: str) -> None:
    """Check that the file of a backbone exists and holds a model.

    Args:
        name: The value of ``--backbone``; names that are no paths of files are not checked.

    Raises:
        BackboneError: When the name is empty, a bundle, or a file that is not a whole model.
        WeightsError: When the name ends like a Keras file or an archive, and no such file exists.

    Example:
        >>> check_backbone("vgg16")
        >>> check_backbone("net.keras")
        Traceback (most recent call last):
        tfft.core.errors.WeightsError: There is no file 'net.keras'...
    """
    from tfft.backbones.handle_kinds import KERAS, refuse_others
    from tfft.backbones.savedmodel.locations import ARCHIVES

    refuse_others(name)
    if name.endswith((KERAS, *ARCHIVES)) and "://" not in name and not Path(name).exists():
        raise WeightsError(f"There is no file {name!r}.", fix=missing_file(name))


def check_inputs(bundle: str | Path, inputs: Sequence[str], skip_corrupt: bool) -> str:
    """Check that a bundle exists, and also the files to predict; find the commit of a bundle at Hugging Face, and say it.

    Args:
        bundle: The path of the bundle, or its address.
        inputs: The inputs from the command line, without tables: images of any shape or folders; or texts and files of texts.
        skip_corrupt: Whether missing images are skipped.

    Returns:
        The path; of an address, the one with the commit.

    Raises:
        BundleError: When there is no bundle at the path or the address.
        DataError: When a file does not exist.
    """
    from tfft.bundles import image_reading
    from tfft.bundles.hub_handles import is_hub
    from tfft.bundles.paths import check_path, reads_texts
    from tfft.bundles.pulling import pin

    if is_hub(bundle):
        pinned = str(pin(str(bundle)))
        console.say(console.name(pinned), wrong=True)  # the answers alone are on the standard output
        return pinned
    path = Path(bundle)
    check_path(path)
    texts = reads_texts(path)
    if texts is None:
        return str(bundle)  # it is damaged; the error of ``load`` gives the details
    if texts:
        missing = [each for each in inputs if _names_file(each) and not Path(each).exists()]
        if missing:
            raise DataError(f"There is no file {missing[0]!r}.", fix=missing_file(missing[0]))
    elif not skip_corrupt:
        image_reading.check([(each, each) for each in inputs])
    return str(bundle)


def _names_file(typed: str) -> bool:
    """Whether a text names a file of texts or data: ``.txt`` at its end, or one word with the ending of such files."""
    from tfft.data.files.conll_files import SUFFIXES
    from tfft.data.tables.table_files import ENDINGS

    suffix = Path(typed).suffix.lower() if len(typed.split()) == 1 else ""
    return typed.endswith(".txt") or suffix in (".json", *_OTHER_DATA, *ENDINGS, *SUFFIXES)
