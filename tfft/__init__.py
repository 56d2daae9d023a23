"""Fine-tune pretrained networks in phases, and check which variables changed.

There are three nouns and five verbs. Describe a ``Backbone``, a ``Task`` and a ``Plan``. Then ``build``, ``fit``, ``evaluate``
and ``export`` a model, and ``load`` it again. Heavy packages are imported when they are first used, so ``import tfft`` takes
milliseconds.

Synopsis::

    data = tfft.data.from_folder("flowers/", seed=0)
    model = tfft.build("vgg16", tfft.tasks.classification(data.labels))
    run = tfft.fit(model, data)
    report = tfft.evaluate(run.model, data.test)
    tfft.export(run.model, "flowers.tfft", report=report)
    tfft.load("flowers.tfft").predict(["new.jpg"])
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import tfft.core.forks  # noqa: F401 - detects forks from now on

if TYPE_CHECKING:
    from tfft import data, plans, tasks, trainable
    from tfft.backbones.handles import load_backbone
    from tfft.bundles.bundle import load
    from tfft.evaluation.report import evaluate
    from tfft.formats.exporting import export
    from tfft.models.assembly import build
    from tfft.plans.phase import Phase, Plan
    from tfft.training.loop import fit
    from tfft.tuning.cross_validation import cross_validate
    from tfft.tuning.learning_rate import find_learning_rate
    from tfft.tuning.ranking import rank_backbones
    from tfft.tuning.successive_halving import search

__version__ = "0.1.0"

_HOMES = {
    "load_backbone": "tfft.backbones.handles",
    "build": "tfft.models.assembly",
    "fit": "tfft.training.loop",
    "evaluate": "tfft.evaluation.report",
    "export": "tfft.formats.exporting",
    "load": "tfft.bundles.bundle",
    "find_learning_rate": "tfft.tuning.learning_rate",
    "cross_validate": "tfft.tuning.cross_validation",
    "rank_backbones": "tfft.tuning.ranking",
    "search": "tfft.tuning.successive_halving",
    "Phase": "tfft.plans.phase",
    "Plan": "tfft.plans.phase",
    "data": "tfft.data",
    "tasks": "tfft.tasks",
    "trainable": "tfft.trainable",
    "plans": "tfft.plans",
}

_TENSORFLOW = (
    "cross_validate",
    "find_learning_rate",
    "fit",
    "rank_backbones",
    "search",
)  # their modules import TensorFlow

__all__ = [
    "Phase",
    "Plan",
    "__version__",
    "build",
    "cross_validate",
    "data",
    "evaluate",
    "export",
    "find_learning_rate",
    "fit",
    "load",
    "load_backbone",
    "plans",
    "rank_backbones",
    "search",
    "tasks",
    "trainable",
]


def __getattr__(name: str) -> Any:
    """Import the module of a public name when the name is first used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'tfft' has no attribute {name!r}; it has {', '.join(__all__)}")
    if name in _TENSORFLOW:
        from tfft.core.quiet import start_tensorflow

        start_tensorflow()
    module = import_module(_HOMES[name])
    value = module if _HOMES[name] == f"tfft.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
