"""Print answers, errors and warnings on the command line; advice names options instead of Python arguments."""

import json
import re
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from tfft.core.errors import DataWarning, RunWarning, TfftError, quantity
from tfft.core.interrupts import TERMINATED
from tfft.core.terminal import plain

if TYPE_CHECKING:
    from tfft.bundles.prediction import Prediction
    from tfft.cache.store import Kept

_OPTIONS = (
    "size|alpha|length|vocabulary|weights|layer|pixel_range|preprocessor|image_column|label_column|text_column|batch_size"
    "|separator|decimal|run_folder|save_minutes|accumulate|ignore"
)
_IN_SHELL = (
    (r'(P|p)ass on_corrupt="skip"', r"\1ass --skip-corrupt"),
    (r"load_backbone\(\"(\w+)\", weights=('[^']+')\)", r"--backbone \1 --weights \2"),
    (r"load_backbone\('(\w+)', weights=\"path/to/([^\" ]+)\"\)", r"--weights path/to/\2"),
    (r'weights="?path/to/([^" ]+)"?', r"--weights path/to/\1"),
    (r"weights=None", "--weights none"),
    (r"use from_spans\(\)", "pass --task token_classification"),
    (r"use from_squad\(\)", "pass --task question_answering"),
    (r"tfft\.export\(run\.model, path\) writes a bundle", "`tfft fit` writes a bundle"),
    (r"that tfft\.export\(\) wrote", "that `tfft fit` wrote"),
    (r"pass glob\.glob\(.*?\), or in a shell the path without quotes", "write it without quotes"),
    (r"\bquotes=False", "--no-quotes"),
    (r"\bquotes=True", "--quotes"),
    (r"\bresume=True", "--resume"),
    (r"\bresume=False", "--no-resume"),
    (r"\bpublic=True", "--public"),
    (r"\brefit=True", "--refit"),
    (r", move the table, or read it with pandas and use from_dataframe\(\)", ", or move the table"),
    (r"; or write from_masks\(.*\)\.", "."),
    (r"write \{0: 'road', 3: 'road'\}", "write the lines `0 road` and `3 road` into --classes-file"),
    (r"pass classes=model\.task\.labels", "leave --classes-file out"),
    (r"classes=\{[^}]*\}", "--classes-file with lines such as `128 0 0 car`"),
    (r"\bclasses=", "--classes-file"),
    (r"Pass 'imagenet', None,", "Pass imagenet, none"),
    (rf"\b({_OPTIONS})=(?=[\w'\"])", r"--\1 "),
    (rf"\b({_OPTIONS})=", r"--\1"),
)
_ADVICE = re.compile(r"\bpass [a-z_]+=.*", re.IGNORECASE | re.DOTALL)
_INTERRUPTED = 130
_TOLD: list[str] = []
"""What was said about an interruption since the command began; then it is not said again."""


def say(text: object, wrong: bool = False, color: str | None = None) -> None:
    """Print text; all output of the command line goes through this function.

    Args:
        text: One or more lines. Text from files must not be able to add a line: see ``name``.
        wrong: Whether to print to the error stream.
        color: The color of the text in a terminal.
    """
    typer.secho(plain(text, lines=True), err=wrong, fg=color)


def stopped(text: str) -> None:
    """Say that the command was interrupted. ``spoken`` then says nothing more about it.

    Args:
        text: One sentence.
    """
    _TOLD.append(text)
    say(text, wrong=True, color="red")


def name(text: object) -> str:
    r"""Make text from files safe as part of a line: a label, a path, the name of a layer.

    Args:
        text: Any object.

    Returns:
        One line without tabs and control characters.

    Example:
        >>> name("bees\nants 1.0000")
        'bees\\u000aants 1.0000'
    """
    return plain(text)


def predicted_line(prediction: "Prediction", top: int | None, as_json: bool, file: "Path | None" = None) -> str:
    """Format one prediction as one line.

    Args:
        prediction: The prediction for one image or text.
        top: The number of classes to show, the most probable first. None shows the answer (one class, all predicted labels, or all
            quantities), and all scores in JSON.
        as_json: Whether to write a JSON object, instead of fields separated by tabs.
        file: The file of the mask, where one was written.

    Returns:
        The line.

    Example:
        >>> from tfft.bundles.prediction import Prediction
        >>> from tfft.tasks import Answer
        >>> scores = {"ants": 0.25, "bees": 0.75}
        >>> predicted_line(Prediction("1.jpg", Answer("bees", 0.75, scores)), None, False).expandtabs(8)
        '1.jpg   bees 0.7500'
    """
    if prediction.mask is not None:
        return _mask_line(prediction, as_json, file)
    ranked = sorted(prediction.scores.items(), key=lambda pair: -pair[1])
    if as_json:
        kept = dict(ranked[:top]) if top is not None else dict(prediction.scores)
        if prediction.answer is not None and prediction.answer.entities is not None:
            return plain(json.dumps(prediction.to_dict(), ensure_ascii=False))
        return plain(json.dumps(prediction.to_dict() | {"scores": kept}, ensure_ascii=False))
    if prediction.answer is not None and prediction.answer.entities is not None:
        found = [f"{name(each.text)} ({name(each.label)}) {each.probability:.4f}" for each in prediction.entities]
        return "\t".join([name(prediction.name), *(found or ["none"])])
    if top is not None:
        shown = ranked[:top]
    elif prediction.label is None:
        # quantities have no probability, and a question without an answer has one
        shown = list(prediction.scores.items()) if prediction.probability is None else ranked[:1]
    else:
        named = prediction.label if isinstance(prediction.label, tuple) else (prediction.label,)
        shown = [(label, score) for label, score in ranked if label in named]
    return "\t".join([name(prediction.name), *([f"{name(label)} {score:.4f}" for label, score in shown] or ["none"])])


def _mask_line(prediction: "Prediction", as_json: bool, file: "Path | None") -> str:
    """The share of each class in the pixels of an image, and the file of its mask."""
    if as_json:
        values = prediction.to_dict() | ({} if file is None else {"mask": str(file)})
        return plain(json.dumps(values, ensure_ascii=False))
    ranked = sorted(prediction.scores.items(), key=lambda pair: -pair[1])
    shares = [f"{name(label)} {share:.4f}" for label, share in ranked if share]
    return "\t".join([name(prediction.name), *shares, *([] if file is None else [name(file)])])


def kept_line(kept: "Kept") -> str:
    """Format one entry of the cache as one line.

    Args:
        kept: An entry of a store.

    Returns:
        The first letters of its key, its size, the time since it was last used, its content, and its dtype.

    Example:
        >>> from tfft.cache.store import Kept
        >>> kept_line(Kept("3f2a99e4c1", {"what": "vgg16 after pool", "dtype": "bfloat16"}, 2_100_000, time.time() - 7300))
        '3f2a99e4     2.1 MB    2 h ago  vgg16 after pool, bfloat16'
    """
    minutes = max(0.0, time.time() - kept.used) / 60
    length, unit = (1, "min") if minutes < 60 else (60, "h") if minutes < 48 * 60 else (24 * 60, "days")
    age = f"{minutes / length:.0f} {unit} ago"
    what = ", ".join(name(kept.about[key]) for key in ("what", "dtype") if key in kept.about) or "cannot be read"
    return f"{name(kept.key[:8])} {kept.size_bytes / 1e6:>7,.1f} MB {age:>10}  {what}"


def in_shell(message: str) -> str:
    """Replace Python arguments in a message by the options of the command line.

    Args:
        message: The advice of an error or a warning.

    Returns:
        The message for a shell.

    Example:
        >>> in_shell('Remove them, or pass on_corrupt="skip" to leave them out; or name another column with image_column=.')
        'Remove them, or pass --skip-corrupt to leave them out; or name another column with --image-column.'
    """
    for pattern, words in _IN_SHELL:
        message = re.sub(pattern, words, message)
    return re.sub(r"--\w+", lambda found: found[0].replace("_", "-"), message)


@contextmanager
def spoken() -> Iterator[None]:
    """Print errors and warnings of tfft in one line each; unexpected errors keep their traceback, for a bug report.

    Yields:
        Nothing.

    Raises:
        SystemExit: With status 2 after an error of tfft or of the file system.
    """
    _TOLD.clear()
    with warnings.catch_warnings():
        warnings.showwarning = _show
        try:
            yield
        except (TfftError, OSError) as error:
            said = str(error)
            if isinstance(error, TfftError):
                # translate only the advice, because the other parts may quote names of files and classes
                said = str(TfftError(error.what, error.got, in_shell(error.fix)))
            say(name(f"{type(error).__name__}: {said}"), wrong=True, color="red")
            raise SystemExit(2) from None
        except SystemExit as ended:
            if ended.code in (_INTERRUPTED, TERMINATED) and not _TOLD:
                stopped("Stopped.")
            raise


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    place = "" if issubclass(category, (DataWarning, RunWarning)) else f"{filename}:{lineno}: "
    # translate only the advice, which begins with "pass", because the text before it may quote names of files and classes
    advised = str(message) if place else _ADVICE.sub(lambda found: in_shell(found[0]), str(message))
    said = f"{place}{category.__name__}: {advised}"
    say(said if place else name(said), wrong=True, color="yellow")


def backbone_line(source: str, backbone: str) -> str:
    """Format a backbone as one line. If it cannot be described, the line says what it needs.

    Args:
        source: A key of ``handles.SOURCES``.
        backbone: The name of a backbone of this source.

    Returns:
        A line such as ``"vgg16   224x224 pixels   5 blocks  keras.applications, ImageNet weights"``.
    """
    from tfft.backbones import handles
    from tfft.core.errors import BackboneError

    about = handles.SOURCES[source].about
    try:
        described = handles.load_backbone(f"{source}://{backbone}")
    except BackboneError as error:
        return f"{backbone:<38} {error.fix}  {about}"
    return f"{backbone:<38} {described.takes():<14} {quantity(len(described.blocks), 'block')}  {about}"
