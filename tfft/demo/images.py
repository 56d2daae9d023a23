"""Fine-tune on images: the built-in backbone learns handwritten digits, without a network or download, in under a minute.

For comparison, the same net is trained from random weights, once with the same plan and once with all layers at once.
"""

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from tfft import plans, tasks
from tfft.backbones.handles import load_backbone
from tfft.bundles.writer import check_home
from tfft.core.errors import RunWarning
from tfft.core.seed import derive
from tfft.data import from_arrays
from tfft.data.examples import Splits
from tfft.demo.made import BESIDE, Demo, Trained, finished, trained
from tfft.evaluation.report import Report, evaluate
from tfft.models.assembly import build
from tfft.training.loop import fit
from tfft.training.run import Run

TRAIN_PER_CLASS = 20
VALIDATION_PER_CLASS = 10
SIZE = 32
# higher than the default, because digits differ more from the photos of the pretraining; chosen on validation digits, two seeds
_TUNE_LEARNING_RATE = 1e-3
_EPOCHS = 6
_INK = (0, 16)  # lowest and highest value of scikit-learn's digits


def run_demo(folder: str | Path, say: Callable[[str], None], seed: int = 0) -> Demo:
    """Fine-tune, compare, report and export.

    Every net takes the digits enlarged to pixels of shape (batch, SIZE, SIZE, 3), and all are evaluated on the same test digits.

    Args:
        folder: A new or empty folder, or that of an earlier demo, for ``report.html``, ``report.md`` and ``digits.tfft``.
        say: A function that is called with each line of progress.
        seed: The seed of the choice of digits and of the heads.

    Returns:
        The table of accuracies, and the paths of report and bundle.

    Raises:
        OSError: When the folder cannot be created.
        BundleError: When the folder holds other files.
        TfftError: When a step fails; the folder may then be incomplete.
    """
    home = Path(folder)
    check_home(home, "digits.tfft", BESIDE)
    home.mkdir(parents=True, exist_ok=True)
    data = digits(seed)
    say(
        f"scikit-learn's handwritten digits: {data.describe()}.\n"
        "The same small net is trained three times. Its accuracy from random weights shows what 200 digits alone can teach; "
        "what tfft_mini adds comes from the photographs that it was pretrained on.\n"
    )
    trials: list[Trained] = []
    for title, weights, plan in _trials():
        run, report = _train(data, weights, plan, seed)
        say(f"{title}\n{run.describe()}\ntest: {report.describe()}\n")
        trials.append(trained(title, run, report))
    return finished(home, "digits.tfft", trials, run, report)


def digits(seed: int) -> Splits:
    """Split scikit-learn's handwritten digits: a few for training, most of them for the test.

    Args:
        seed: The seed of the choice.

    Returns:
        Splits of uint8 arrays of shape (8, 8): 20 for each class to train on, 10 for each class to validate, and 1,497 to test.

    Example:
        >>> digits(seed=0).describe()
        '200 train, 100 validation, 1497 test; 10 classes'
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
    data = from_arrays(parts, class_names=[str(digit) for digit in range(10)], value_range=_INK, seed=seed)
    return replace(data, source=f"tfft.demo.images.digits(seed={seed})")


def _trials() -> tuple[tuple[str, str | None, plans.Plan], ...]:
    """The compared trials. Random weights are trained by two plans, because a plan for pretrained weights may not suit them."""
    two_phase = plans.two_phase(_EPOCHS, _EPOCHS, tune_learning_rate=_TUNE_LEARNING_RATE)
    return (
        ("random weights, two phases", None, two_phase),
        ("random weights, everything trained", None, plans.full(2 * _EPOCHS, 3e-3, train_norms=True)),
        ("tfft_mini, two phases", "tfft", two_phase),
    )


def _train(data: Splits, weights: str | None, plan: plans.Plan, seed: int) -> tuple[Run, Report]:
    backbone = load_backbone("tfft_mini", weights=weights, size=SIZE)
    model = build(backbone, tasks.classification(data.labels), seed=seed)
    with warnings.catch_warnings():
        # ignore the warning that some variables did not change: with random weights and frozen norms, they have no gradient
        warnings.simplefilter("ignore", RunWarning)
        run = fit(model, data, plan, seed=seed)
    return run, evaluate(run.model, data.test)
