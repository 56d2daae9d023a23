"""The main job on material that is already on the machine: no network, no download, under a minute.

The embedded backbone is fine-tuned on a few of scikit-learn's handwritten digits, beside the same net from random weights.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfft import plans, tasks
from tfft.backbones.handles import load_backbone
from tfft.bundles.bundle import export
from tfft.core import files
from tfft.core.seed import derive
from tfft.data import from_arrays
from tfft.data.examples import Splits
from tfft.evaluation.render import table
from tfft.evaluation.report import Report, evaluate
from tfft.models.assembly import build
from tfft.training.loop import fit
from tfft.training.run import Run

TRAIN_PER_CLASS = 20
VALIDATION_PER_CLASS = 10
SIZE = 48
_INK = (0, 16)  # lowest and highest value of scikit-learn's digits


@dataclass(frozen=True)
class Demo:
    """What the demo made.

    Attributes:
        table: Test accuracy of both backbones, as Markdown.
        report_path: Of the report.
        bundle_path: Of the exported model.
    """

    table: str
    report_path: Path
    bundle_path: Path


def run_demo(folder: str | Path, say: Callable[[str], None], seed: int = 0) -> Demo:
    """Fine-tune, compare, report and export.

    Args:
        folder: Where ``report.md`` and ``digits.tfft`` go.
        say: Called with each line of progress.
        seed: Draws the digits and starts the heads.

    Returns:
        What was made.

    Raises:
        TfftError: When something cannot be done; the folder may then be incomplete.
    """
    home = Path(folder)
    data = digits(seed)
    say(f"scikit-learn's handwritten digits: {data.describe()}")
    rows, outcomes = [], {}
    for title, weights in (("random weights", None), ("tfft_mini", "tfft")):
        run, report = _train(data, weights, seed)
        say(f"{title}\n{run.describe()}\ntest: {report.describe()}")
        outcomes[title] = (run, report)
        value = report.metrics["accuracy"]
        seconds = sum(record.seconds for record in run.phases)
        rows.append([title, f"{value['value']:.3f}", f"{value['low']:.3f} to {value['high']:.3f}", f"{seconds:.1f}"])
    compared = table(["backbone", "test accuracy", "95 % interval", "training seconds"], rows)
    run, report = outcomes["tfft_mini"]
    bundle_path = export(run.model, home / "digits.tfft", report=report)
    report_path = home / "report.md"
    files.write_text(report_path, f"# tfft demo\n\n{compared}\n\n{report.to_markdown()}\n{run.describe()}\n")
    return Demo(compared, report_path, bundle_path)


def digits(seed: int) -> Splits:
    """A few digits to train on, all others to test on.

    Args:
        seed: Which ones.

    Returns:
        Splits of uint8-convertible arrays (8, 8); 20 a class to train on, 10 to validate, the other 1,497 to test.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    order = np.random.default_rng(derive(seed, "digits")).permutation(len(bunch.target))
    by_class = [order[bunch.target[order] == digit] for digit in range(10)]
    edges = (TRAIN_PER_CLASS, TRAIN_PER_CLASS + VALIDATION_PER_CLASS)
    chosen = {
        "train": np.concatenate([rows[: edges[0]] for rows in by_class]),
        "validation": np.concatenate([rows[edges[0] : edges[1]] for rows in by_class]),
        "test": np.concatenate([rows[edges[1] :] for rows in by_class]),
    }
    parts = {part: (bunch.images[rows], bunch.target[rows]) for part, rows in chosen.items()}
    return from_arrays(parts, class_names=[str(digit) for digit in range(10)], value_range=_INK, seed=seed)


def _train(data: Splits, weights: str | None, seed: int) -> tuple[Run, Report]:
    backbone = load_backbone("tfft_mini", weights=weights, size=SIZE)
    model = build(backbone, tasks.classification(data.labels), seed=seed)
    run = fit(model, data, plans.two_phase(), seed=seed)
    return run, evaluate(run.model, data.test)
