"""Predict masks batch by batch, and write each of them to a PNG file of its own; no existing file is overwritten."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfft.core.errors import DataError, quantity, shortlist

if TYPE_CHECKING:
    from tfft.bundles.prediction import Prediction
    from tfft.bundles.predictor import Predictor
    from tfft.core.label_values import ValuePairs
    from tfft.data.raw_examples import OnCorrupt

_AT_ONCE = 32


def predicted_masks(
    predictor: "Predictor", inputs: Sequence[Path], folder: Path | None, on_corrupt: "OnCorrupt"
) -> "Iterator[tuple[Prediction, Path | None]]":
    """Predict masks in batches, so that only those of one batch are in memory, and write them.

    The paths of all masks are checked before the first image is predicted.

    Args:
        predictor: A model of masks.
        inputs: Paths of images, and folders, which stand for all images below them.
        folder: The folder of masks, which is made if it does not exist; None to write nothing.
        on_corrupt: ``"error"``, or ``"skip"`` for a prediction without an answer for each image that cannot be read.

    Yields:
        Each prediction, in order, and the path of its mask; None when nothing was written.

    Raises:
        DataError: When an image cannot be read, a mask would overwrite a file, or nothing can be written to the folder.
        OSError: When a file cannot be written.
    """
    from tfft.bundles import image_reading

    images = [item for _, item in image_reading.split(list(inputs), None)]
    if on_corrupt == "error":
        image_reading.check([(image, image) for image in images])
    files: Sequence[Path | None] = [None] * len(images)
    if folder is not None:
        check_folder(folder, inputs)
        files = mask_paths(images, folder)
        folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(images), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        for prediction, path in zip(predictor.predict(images[some], on_corrupt=on_corrupt), files[some], strict=True):
            yield prediction, None if path is None else write_mask(prediction, path, predictor.task.labels.values)


def check_folder(folder: Path, inputs: Sequence[Path] = ()) -> None:
    """Check that masks can be written to a folder, before anything is predicted.

    Args:
        folder: The folder of masks; it may not exist yet.
        inputs: The images and folders that are predicted.

    Raises:
        DataError: When nothing can be written there, or the folder is one of the inputs.

    Example:
        >>> check_folder(Path("photos"), [Path("photos")])
        Traceback (most recent call last):
        tfft.core.errors.DataError: Masks cannot be written to 'photos', because it is a folder of inputs. Choose another ...
    """
    from tfft.core.files import refusal

    if any(each.resolve() == folder.resolve() for each in inputs):
        raise DataError(
            f"Masks cannot be written to {str(folder)!r}, because it is a folder of inputs.",
            fix="Choose another folder with --out.",
        )
    reason = "it is a file" if folder.is_file() else refusal(folder / "mask.png")
    if reason:
        raise DataError(f"No mask can be written to {str(folder)!r}: {reason}.", fix="Choose another folder.")


def mask_paths(images: Sequence[Any], folder: Path) -> list[Path]:
    """Name the file of each mask like its image; images of one name in several folders get numbers.

    Args:
        images: The paths of the images.
        folder: The folder of masks.

    Returns:
        The path of each mask; none of them exists.

    Raises:
        DataError: When an image is in the folder, or a file has the path of a mask.

    Example:
        >>> [path.name for path in mask_paths(["a/1.jpg", "b/1.jpg"], Path("no such folder"))]
        ['1.png', '1-2.png']
    """
    home = folder.resolve()
    if inside := [str(image) for image in images if Path(image).parent.resolve() == home]:
        raise DataError(
            f"Masks cannot be written to {str(folder)!r}, because it holds {quantity(len(inside), 'input')}.",
            shortlist(inside, 3),
            "Choose another folder with --out.",
        )
    taken: set[str] = set()
    paths = []
    for image in images:
        stem = name = Path(image).stem or "mask"
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        paths.append(folder / f"{name}.png")
    if existing := [str(path) for path in paths if os.path.lexists(path)]:
        raise DataError(
            f"The masks would overwrite {quantity(len(existing), 'file')}.",
            shortlist(existing, 3),
            "Choose another folder with --out, or remove these files.",
        )
    return paths


def write_mask(prediction: "Prediction", path: Path, values: "ValuePairs" = ()) -> Path | None:
    """Write a PNG of a predicted mask, with the values or colours of the masks that the model was trained on.

    Args:
        prediction: The prediction; without an answer it has no mask.
        path: The path of a new file.
        values: The meaning of the values of masks, as in the labels of the model; without it, class ids are written.

    Returns:
        The path; None without an answer.

    Raises:
        OSError: When the file exists, or cannot be written.
    """
    from tfft.images.mask_colors import written

    if prediction.mask is None:
        return None
    with open(path, "xb") as file:
        written(prediction.mask, len(prediction.scores), values).save(file, "PNG")
    return path
