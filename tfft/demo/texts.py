"""Texts: what customers write to a small shop, in English and Chinese, sorted by what they want; under two minutes.

The messages were written for this project. MiniLM comes as a Python package, so nothing is downloaded but by pip. It was trained
on English alone and knows few Chinese characters, which the run says and the comparison by language shows.
"""

import csv
from collections.abc import Callable
from importlib.resources import files as resources
from pathlib import Path

import numpy as np
import pandas

from tfft import plans, tasks
from tfft.backbones.handles import load_backbone
from tfft.bundles.writer import check_target
from tfft.data import from_dataframe
from tfft.data.examples import Examples, Splits
from tfft.demo.made import Demo, Trial, finished
from tfft.evaluation.report import evaluate
from tfft.models.assembly import build
from tfft.training.loop import fit

_BACKBONE = "minilm_l6"
# a few hundred messages make ten steps an epoch; on the validation messages of two seeds 1e-4 and 2e-4, 8 and 12 epochs are ties
_EPOCHS = 12
_LEARNING_RATE, _FROM_SCRATCH = 1e-4, 3e-4


def run_text_demo(folder: str | Path, say: Callable[[str], None], seed: int = 0) -> Demo:
    """Fine-tune, compare, report and export.

    Args:
        folder: Where ``report.html``, ``report.md`` and ``messages.tfft`` go.
        say: Called with each line of progress.
        seed: Draws the parts and starts the heads.

    Returns:
        What was made.

    Raises:
        WeightsError: When the package with MiniLM is not installed.
        OSError: When the folder cannot be made.
        TfftError: When something cannot be done; the folder may then be incomplete.
    """
    home = Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    check_target(home / "messages.tfft")
    load_backbone(_BACKBONE)
    data = messages(seed)
    say(f"messages to a small shop: {data.describe()}")
    trials: list[Trial] = []
    for title, weights, plan in _trials():
        model = build(load_backbone(_BACKBONE, weights=weights), tasks.classification(data.labels), seed=seed)
        run = fit(model, data, plan, seed=seed)
        trials.append((title, run, evaluate(run.model, data.part("test"))))
        by_language = [f"{name}: {evaluate(run.model, part).describe()}" for name, part in in_languages(data).items()]
        say(f"{title}\n{run.describe()}\ntest, {', '.join(by_language)}\n")
    return finished(home, "messages.tfft", trials)


def messages(seed: int) -> Splits:
    """The messages in three parts.

    Args:
        seed: Which go where.

    Returns:
        Splits of texts; 60 % to train on, 15 % to validate, 25 % to test, both languages in each.

    Example:
        >>> messages(seed=0).describe()
        '288 train, 72 validation, 120 test; 8 classes'
    """
    table = pandas.read_csv(str(resources("tfft.demo") / "messages.tsv"), sep="\t", quoting=csv.QUOTE_NONE)
    return from_dataframe(table, "intent", text_column="text", holdout=(0.15, 0.25), seed=seed)


def in_languages(data: Splits) -> dict[str, Examples]:
    """The test messages of each language.

    Args:
        data: From ``messages``.

    Returns:
        Language to examples.
    """
    test = data.part("test")
    chinese = np.array([any("\u4e00" <= sign <= "\u9fff" for sign in text.first) for text in test.inputs])
    return {"English": test.take(~chinese), "Chinese": test.take(chinese)}


def _trials() -> tuple[tuple[str, str | None, plans.Plan], ...]:
    """What is compared; random weights train everything at a higher rate, which was not tuned."""
    return (
        ("random weights, everything trained", None, plans.encoder(_EPOCHS, _FROM_SCRATCH, embeddings=True)),
        ("minilm_l6, the head alone", "pretrained", plans.head_only(_EPOCHS)),
        ("minilm_l6, all layers", "pretrained", plans.encoder(_EPOCHS, _LEARNING_RATE)),
    )
