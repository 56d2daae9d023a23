"""Test accuracy of the default call on texts: MiniLM for English, multilingual-e5-small for Chinese; and what costs less.

    python -m benchmarks.text_accuracy --material ../shared --seeds 3 --out text_accuracy.json
    python -m benchmarks.text_accuracy --material ../shared --kinds TF-IDF --out text_accuracy.json

Each result is appended to the JSON file as it comes, so an interrupted benchmark goes on where it stopped. Test texts are looked
at once, after training; nothing is chosen by them.

``TF-IDF`` is what needs no pretrained network: a logistic regression of scikit-learn on words and pairs of words, and for Chinese
on one to three characters. ``linear probe`` is a logistic regression on the features of the frozen encoder. Both train on the
training part of the default call, and choose their penalty on it by cross-validation.
"""

import argparse
import csv
import time
import warnings
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas

import tfft
import tfft.evaluation.render
from benchmarks.rows import machine, measured
from tfft.core.errors import DataWarning

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

SETS = ("trec6", "sst2", "imdb_slice", "ag_news_slice", "chnsenticorp_htl", "tnews")
CHINESE = ("chnsenticorp_htl", "tnews")
DEFAULT, HEAD, PROBE, TFIDF = "default call", "the head alone", "linear probe", "TF-IDF"
KINDS = (DEFAULT, HEAD, PROBE, TFIDF)
# inverse strengths of the penalty; TF-IDF has rows of length 1, so the good ones are above 1
_STRENGTHS = np.logspace(-1, 3, 9)


def read(material: Path, name: str, seed: int) -> tfft.data.Splits:
    """The texts of one set; where it has no validation part, the seed draws one."""
    folder = material / "data" / ("text_zh" if name == "tnews" else "text_classification") / name
    if name == "imdb_slice":
        return tfft.data.from_folder(folder, seed=seed)
    parts = {"train": "train", "validation": "dev", "test": "test"}
    if name == "ag_news_slice":
        frames = {
            part: pandas.read_csv(folder / f"{file}.csv", names=["label", "title", "description"], dtype=str)
            for part, file in parts.items()
        }
        return tfft.data.from_dataframe(frames, text_column=["title", "description"], seed=seed)
    paths = {part: folder / f"{file}.tsv" for part, file in parts.items() if (folder / f"{file}.tsv").is_file()}
    with paths["train"].open(encoding="utf-8") as file:
        columns = next(csv.reader(file, delimiter="\t"))
    text = "sentence" if "sentence" in columns else "text"
    label = "label_desc" if "label_desc" in columns else "label"
    return tfft.data.from_csv(paths, text_column=text, label_column=label, seed=seed)


def net_of(data: str, kind: str) -> str:
    """The encoder of a row; "-" for a row without one."""
    if kind == TFIDF:
        return "-"
    return "multilingual_e5_small" if data in CHINESE else "minilm_l6"


def tfidf(data: str) -> "Pipeline":
    """TF-IDF and logistic regression, with the penalty by five folds of the texts that it is fitted to."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline

    units: dict[str, Any] = {"analyzer": "char", "ngram_range": (1, 3)} if data in CHINESE else {"ngram_range": (1, 2)}
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    solver = LogisticRegressionCV(
        Cs=_STRENGTHS, cv=folds, scoring="accuracy", max_iter=1000, l1_ratios=(0.0,), use_legacy_attributes=False
    )
    return make_pipeline(TfidfVectorizer(sublinear_tf=True, **units), solver)


def with_tfidf(splits: tfft.data.Splits, data: str) -> dict[str, Any]:
    """One row without a network. The validation part is not trained on, as in the default call."""
    begun = time.perf_counter()
    rows = {part: _rows(getattr(splits, part)) for part in ("train", "validation", "test")}
    fitted = tfidf(data).fit(*rows["train"])
    return {
        "accuracy": float(fitted.score(*rows["test"])),
        "seconds": round(time.perf_counter() - begun, 1),
        "history": [float(fitted.score(*rows["validation"]))],
        "strength": float(fitted[-1].C_),
        "trained": len(rows["train"][0]),
    }


def _rows(part: tfft.data.Examples) -> tuple[list[str], list[int]]:
    """The texts, those of two columns as one, and their classes."""
    return [" ".join(filter(None, (text.first, text.second))) for text in part.inputs], part.targets.tolist()


def measure(material: Path, accumulate: int, net: str, data: str, kind: str, seed: int) -> dict[str, Any]:
    """One training, as a row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # TREC has the same question in both parts
        splits = read(material, data, seed)
        if kind == TFIDF:
            return with_tfidf(splits, data)
        begun = time.perf_counter()
        plan = {HEAD: tfft.plans.head_only(epochs=10), PROBE: tfft.plans.linear_probe()}.get(kind)
        model = tfft.build(net, tfft.tasks.classification(splits.labels), seed=seed)
        run = tfft.fit(model, splits, plan, seed=seed, progress=False, accumulate=accumulate)
        accuracy = tfft.evaluate(model, splits.test).metrics["accuracy"]["value"]
    return {
        "accuracy": accuracy,
        "seconds": round(time.perf_counter() - begun, 1),
        "history": run.history()["val_accuracy"],
        "trained": len(splits.train),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over seeds, a line for each set."""
    lines = []
    for net, data, kind in dict.fromkeys((row["net"], row["data"], row["kind"]) for row in rows):
        some = [row for row in rows if (row["net"], row["data"], row["kind"]) == (net, data, kind)]
        found = [row["accuracy"] for row in some]
        spread = f" +- {np.std(found, ddof=1):.3f}" if len(found) > 1 else ""
        lines.append([
            data, net, kind, str(len(found)), f"{np.mean(found):.3f}{spread}", f"{np.median([row['seconds'] for row in some]):.0f}",
        ])  # fmt: skip
    return tfft.evaluation.render.table(["data", "net", "plan", "seeds", "test accuracy", "seconds"], lines)


def main() -> None:
    """Measure what is missing from the JSON file, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--material", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("text_accuracy.json"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=SETS)
    parser.add_argument(
        "--accumulate", type=int, default=1, help="parts of a batch, for less memory; the results are the same"
    )
    parser.add_argument("--kinds", nargs="*", default=[DEFAULT, HEAD], choices=KINDS)
    arguments = parser.parse_args()
    keys = [
        (net_of(name, kind), name, kind, seed)
        for seed, name, kind in product(range(arguments.seeds), arguments.sets, arguments.kinds)
    ]
    print(table(measured(arguments.out, keys, partial(measure, arguments.material, arguments.accumulate))))
    print(machine())


if __name__ == "__main__":
    main()
