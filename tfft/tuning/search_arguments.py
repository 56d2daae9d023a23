"""Check the arguments of ``search``, and describe a search as JSON values."""

import gc
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypedDict

from tfft.accelerate.precision import Precision
from tfft.backbones.base import Backbone
from tfft.cache.settings import Cache
from tfft.core import fingerprint, versions
from tfft.core.cluster import read_cluster
from tfft.core.errors import DataError, PlanError, TfftError, kind_of, nearest
from tfft.core.files import refusal
from tfft.core.strategy import replicas
from tfft.data.examples import Splits
from tfft.data.pipeline import check_batch_size
from tfft.plans.phase import Plan
from tfft.tasks.base import Task
from tfft.trainable.overview import flattened
from tfft.tuning.ranking import FEWEST
from tfft.tuning.search_record import NAME
from tfft.tuning.trial_training import Setting

_ARGUMENTS = ("data", "backbones", "budget_minutes", "seed", "batch_size", "folder", "progress")


class SearchOptions(TypedDict, total=False):
    """Further options of ``search``.

    Attributes:
        task: The task; by default the one for the labels of the data.
        plans: Plans to try besides the default plan, instead of the variants of ``plans_around_default``.
        examples: The largest number of training examples on which backbones are compared, as for ``rank_backbones``.
        cache: Where features are cached, as for ``build``.
        precision: The dtype in which trials compute, as for ``build``.
    """

    task: Task
    plans: Sequence[Plan]
    examples: int
    cache: str | Cache
    precision: Any


@dataclass(frozen=True)
class Options:
    """The checked options of ``search``.

    Attributes:
        task: The task; None for that of the labels.
        plans: Plans to try besides the default plan; None for its variants.
        examples: The largest number of examples of a probe.
        cache: Where features are cached.
        precision: As for ``build``.
    """

    task: Any = None
    plans: Any = None
    examples: Any = 500
    cache: Any = "auto"
    precision: Any = "auto"


def check_arguments(data: Any, budget_minutes: Any, batch_size: Any, options: Mapping[str, Any]) -> Options:
    """Check the arguments of ``search`` that no other function checks.

    Args:
        data: The data, images of any shape or texts.
        budget_minutes: The budget in minutes.
        batch_size: The batch size.
        options: The further options, by name.

    Returns:
        Options, with the defaults of those that are missing.

    Raises:
        TypeError: For an option that does not exist.
        DataError: When an argument has another type or is out of range.
        PlanError: When ``plans`` is not a list of plans, or ``TF_CONFIG`` names several workers.

    Example:
        >>> import numpy as np, tfft
        >>> data = tfft.data.from_arrays(np.random.default_rng(0).integers(0, 255, (20, 8, 8, 3), np.uint8), [0, 1] * 10)
        >>> check_arguments(data, 10, 32, {"examples": 100}).examples
        100
    """
    if not isinstance(data, Splits):
        raise DataError("search() takes data from tfft.data.", kind_of(data), "Write search(data), with all parts.")
    if not len(data.train) or not len(data.validation):
        raise DataError("search() needs a training and a validation part.", data.describe(), "Read both parts.")
    number = isinstance(budget_minutes, Real) and not isinstance(budget_minutes, bool)
    if not number or not 0 < budget_minutes < math.inf:
        raise DataError(f"budget_minutes={budget_minutes!r} must be a number of minutes above 0.", fix="Write 10.")
    if batch_size != "auto":
        check_batch_size(batch_size)
    for name in options:
        if name not in SearchOptions.__annotations__:
            raise TypeError(
                f"search() has no argument {name!r}. {nearest(name, (*_ARGUMENTS, *SearchOptions.__annotations__))}"
            )
    chosen = Options(**options)
    if chosen.task is not None and not isinstance(chosen.task, Task):
        raise DataError("task must come from tfft.tasks.", kind_of(chosen.task), "Leave it out, or see tfft.tasks.")
    plans = chosen.plans
    if plans is not None and not (isinstance(plans, (list, tuple)) and all(isinstance(each, Plan) for each in plans)):
        raise PlanError("plans must be a list of plans.", kind_of(plans), "Write plans=[tfft.plans.linear_probe()].")
    whole = isinstance(chosen.examples, Integral) and not isinstance(chosen.examples, bool)
    if not whole or chosen.examples < FEWEST:
        raise DataError(f"examples={chosen.examples!r} must be a whole number of at least {FEWEST}.", fix="Write 500.")
    Precision.of(chosen.precision)
    if (cluster := read_cluster(os.environ)) is not None:
        raise PlanError(
            "search() works in one process, not with several workers.",
            f"{cluster.count} workers in TF_CONFIG",
            "Unset TF_CONFIG.",
        )
    return chosen


def check_task(task: Task, data: Splits) -> None:
    """Check that a task has the labels of the data.

    Args:
        task: The task.
        data: The data, images of any shape or texts.

    Raises:
        DataError: When the labels differ.
    """
    if not task.labels.matches(data.labels):
        raise DataError(
            "The labels of task= differ from those of the data.",
            f"{task.labels.names!r:.200} and {data.labels.names!r:.200}",
            "Make the task with data.labels.",
        )


def check_home(folder: Any) -> Path | None:
    """Check that the folder of a search can be written.

    Args:
        folder: The ``folder`` argument of ``search``.

    Returns:
        The absolute path of the folder, which may not exist yet; None when nothing is written.

    Raises:
        TfftError: When it is not a path, or nothing can be written there.

    Example:
        >>> check_home(__file__)
        Traceback (most recent call last):
        tfft.core.errors.TfftError: Nothing can be written to the folder '...': it is a file. Choose another folder.
    """
    if folder is None:
        return None
    if not isinstance(folder, (str, os.PathLike)) or not str(folder):
        raise TfftError("folder must be the path of a folder.", repr(folder), 'Write folder="searches/1".')
    path = Path(folder)
    if reason := "it is a file" if path.is_file() else refusal(path / NAME):
        raise TfftError(f"Nothing can be written to the folder {str(path)!r}: {reason}.", fix="Choose another folder.")
    return path.absolute()


def contents_of(setting: Setting, plans: Sequence[Plan] | None) -> dict[str, Any]:
    """Describe everything that the results of a search depend on. A search continues only with an equal description.

    The budget is not part of it. The weights of all backbones are loaded and hashed, because a file may have changed.

    Args:
        setting: The settings shared by all trials; images of any shape, or texts.
        plans: The ``plans`` argument of ``search``.

    Returns:
        JSON values.
    """
    parts = {"train": setting.data.train, "validation": setting.data.validation}
    precision = Precision.of(setting.precision)
    return {
        "backbones": {name: _backbone_values(backbone) for name, backbone in setting.backbones.items()},
        "task": setting.task.to_dict(),
        "plans": None if plans is None else [plan.to_dict() for plan in plans],
        "data": {name: part.fingerprint() for name, part in parts.items()},
        "seed": setting.seed,
        "batch_size": setting.batch_size if isinstance(setting.batch_size, str) else int(setting.batch_size),
        "examples": int(setting.examples),
        "replicas": replicas(setting.strategy),
        "precision": None if precision is None else asdict(precision),
        "views": setting.cache.views,
        "versions": versions.installed(),
    }


def _backbone_values(backbone: Backbone) -> dict[str, Any]:
    """The description of a backbone, with hashes of its weights and layers."""
    net = backbone.load()
    hashes = {
        "layers": fingerprint.digest(json.dumps(_layers(net), sort_keys=True, default=repr).encode()),
        "weights": fingerprint.combined(fingerprint.weight_digests(net.weights)),
    }
    del net
    gc.collect()  # nets are in reference cycles
    return backbone.to_dict() | {"hashes": hashes}


def _layers(net: Any) -> list[Any]:
    """The class and options of each layer. Keras numbers the names of layers in a process, so they are left out."""
    found: list[Any] = []
    for layer in flattened(net):
        if not getattr(layer, "layers", None):
            config = layer.get_config()
            found.append([type(layer).__name__, {key: value for key, value in config.items() if key != "name"}])
    return found
