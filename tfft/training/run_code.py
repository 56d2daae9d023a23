"""Write a run as Python code that repeats it."""

from collections.abc import Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any

from tfft import tasks
from tfft.cache.settings import Cache
from tfft.core.private_paths import without_folder
from tfft.core.strategy import replicas
from tfft.core.terminal import plain
from tfft.core.tpus import is_tpu
from tfft.core.workers import cluster_of
from tfft.data.calls import as_lines
from tfft.plans import code

if TYPE_CHECKING:
    from tfft.training.run import Run


def to_code(run: "Run") -> str:
    """Write Python code that repeats a run. See ``Run.to_code``.

    Args:
        run: The run, with weights of any shape.

    Returns:
        Python code.
    """
    backbone, task = run.model.backbone, run.model.task
    options = "".join(f", {name}={value!r}" for name, value in backbone.options)
    defaults = {name: parameter.default for name, parameter in signature(getattr(tasks, task.name)).parameters.items()}
    chosen = "".join(f", {name}={value!r}" for name, value in task.options.items() if value != defaults[name])
    spread = ', strategy="mirrored"' if replicas(run.model.strategy) > 1 else ""
    spread = ', strategy="multi_worker"' if cluster_of(run.model.strategy) is not None else spread
    spread = ', strategy="tpu"' if is_tpu(run.model.strategy) else spread
    parts = f", accumulate={run.accumulate}" if run.accumulate > 1 else ""
    opened, teacher_option = ("", "") if run.teacher is None else _teacher_code(run.teacher)
    parts += ", refit=True" if run.selection is not None or run.refit_left_out else ""
    plan = run.plan if run.selection is None else run.selection.plan
    numbers = f", precision={(run.precision.trunk, run.precision.tail)!r}{_cache_code(run.model.cache)}"
    # a model that the user passed as an object has no handle that could be loaded again
    name = (
        f"net{options})  # {plain(backbone.handle)}, in memory"
        if backbone.handle[:1] == "<"
        else f"{backbone.handle!r}{options})"
    )
    return (
        f"{as_lines(run.data.get('source') or '...')}"
        f"backbone = tfft.load_backbone({name}\n"
        f"model = tfft.build(backbone, tfft.tasks.{task.name}(data.labels{chosen}), seed={run.model.seed}{spread}{numbers})\n"
        f"plan = {code.to_code(plan)}\n"
        f"{opened}run = tfft.fit(model, data, plan, seed={run.seed}, batch_size={run.batch_size}{parts}{teacher_option})\n"
    )


def _cache_code(cache: Cache) -> str:
    """The code of cache settings that differ from the defaults; they decide how many random views there are."""
    default = Cache()
    said = {name: getattr(cache, name) for name in ("where", "max_bytes", "views")}
    options = ", ".join(f"{name}={value!r}" for name, value in said.items() if value != getattr(default, name))
    return f", cache=tfft.data.Cache({options})" if options else ""


def _teacher_code(teacher: Mapping[str, Any]) -> tuple[str, str]:
    """The code that opens a teacher, and the argument of ``fit``. A teacher that was passed as an object has no path."""
    # the handle comes from the manifest of a bundle, perhaps that of a stranger: a line break in it would begin a line of code
    what = plain(f"{without_folder(teacher['backbone'])}, weights {teacher['weights']}")
    line = (
        f"teacher = tfft.load({teacher['path']!r})  # {what}" if teacher["path"] else f"# first define teacher: {what}"
    )
    numbers = f"temperature={teacher['temperature']!r}, weight={teacher['weight']!r}"
    return f"{line}\n", f", teacher=tfft.plans.Teacher(teacher, {numbers})"
