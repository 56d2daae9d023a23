"""Check the arguments of ``fit`` before training, so that a mistake is not reported after an hour."""

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfft.augment.words import wordnet
from tfft.backbones.base import Backbone
from tfft.core.blocks import is_whole
from tfft.core.errors import DataError, DataWarning, PlanError, TfftError, kind_of, quantity, shortlist
from tfft.core.files import refusal
from tfft.core.label_values import listed
from tfft.core.strategy import check_batch, replicas
from tfft.data.examples import Splits
from tfft.data.pipeline import check_batch_size
from tfft.models.assembly import TransferModel
from tfft.models.prepared import Prepared, advice_on_length, noun_of, read
from tfft.plans.optimizers import LBFGS
from tfft.plans.phase import Plan
from tfft.tasks.base import Task
from tfft.trainable.overview import Overview, survey
from tfft.trainable.policy import plan_rows
from tfft.training.solvable import check_solved

# in plain English, less than one token in a thousand is unknown to uncased BERT
_UNKNOWN = 0.05
_OTHER_BACKBONES = {
    "text": 'Choose another backbone, such as "minilm_l6" for texts; or name the column of images with image_column=.',
    "image": 'Choose another backbone, such as "vgg16" for images; or name the column of texts with text_column=.',
}
_AUGMENTATIONS = {"text": "swaps(), deletions() or token_dropout()", "image": "flips() or crops()"}


def check(model: TransferModel, data: Splits, batch_size: int) -> None:
    """Check that a model can be trained on the given data.

    Args:
        model: The ``model`` argument of ``fit``.
        data: The ``data`` argument of ``fit``; images of any shape, or texts.
        batch_size: The ``batch_size`` argument of ``fit``.

    Raises:
        DataError: When one of the first two has another type, the labels differ, a part has fewer examples than there are
            replicas, or single texts are given to a model for pairs.
        PlanError: When the batch size does not fit the strategy.
    """
    if not isinstance(model, TransferModel) or not isinstance(data, Splits):
        raise DataError(
            "fit() takes a model from build() and data from tfft.data.",
            f"{kind_of(model)} and {kind_of(data)}",
            "Write fit(model, data), with all parts of the data, not data.train.",
        )
    if isinstance(batch_size, str):
        raise DataError(f"batch_size={batch_size!r} is not a number.", fix='Write a number, such as 32, or "auto".')
    check_batch_size(batch_size)
    if not len(data.train) or not len(data.validation):
        raise DataError(
            "fit() needs a training and a validation part.", data.describe(), "Read the data with its training part."
        )
    copies = replicas(model.strategy)
    check_batch(batch_size, copies)
    if min(len(data.train), len(data.validation)) < copies:
        raise DataError(
            "Every replica needs a training and a validation example.",
            f"{data.describe()} for {copies} replicas",
            "Add examples, or use fewer devices.",
        )
    check_inputs(model.backbone, data)
    if model.seen is not None:
        model.seen.check_pairs(read(data.train, 0))
    expected, found = model.task.labels, data.labels
    if not expected.matches(found):
        other = set(expected.names) ^ set(found.names)
        raise DataError(
            "The labels of the data differ from those of the model.",
            f"{found.kind} {shortlist(found.names)} for a model of {expected.kind} {shortlist(expected.names)}"
            + (f"; only one of them has {shortlist(sorted(other))}" if other else ""),
            "Build the model with task(data.labels).",
        )
    if moved := expected.moved_values(found):
        warnings.warn(
            f"Values of these masks stand for other classes than in the data that the model was built for: {listed(moved)}. "
            "The model learns the names, and its bundle keeps the first meaning of the values.",
            DataWarning,
            stacklevel=3,
        )


def check_folder(
    run_folder: Any, writes: bool = True, resume: bool | None = None, save_minutes: float | None = None
) -> Path | None:
    """Check that the files of a run can be written.

    Args:
        run_folder: The ``run_folder`` argument of ``fit``.
        writes: Whether this process writes there.
        resume: The ``resume`` argument of ``fit``.
        save_minutes: The ``save_minutes`` argument of ``fit``; None when it was not set.

    Returns:
        The absolute path of the folder, which may not exist yet; None when nothing is written.

    Raises:
        TfftError: When it is not a path, or nothing can be written there; or when ``run_folder`` is None, and ``resume`` is True or
            ``save_minutes`` is set.

    Example:
        >>> check_folder(__file__)
        Traceback (most recent call last):
        tfft.core.errors.TfftError: Nothing can be written to the run folder '...checks.py': it is a file. Choose another folder.
    """
    if run_folder is None:
        if resume:
            raise TfftError(
                "A run can be continued only in its run folder.",
                fix='Write run_folder="runs/1".',
            )
        if save_minutes is not None:
            raise TfftError(
                "Checkpoints are saved only in a run folder.",
                f"{save_minutes!r} minutes between two checkpoints, and no run folder",
                'Write run_folder="runs/1", or leave save_minutes= out.',
            )
        return None
    if not isinstance(run_folder, (str, os.PathLike)) or not str(run_folder):
        raise TfftError("run_folder must be the path of a folder.", repr(run_folder), 'Write run_folder="runs/1".')
    folder = Path(run_folder)
    if not writes:
        return folder.absolute()
    if reason := "it is a file" if folder.is_file() else refusal(folder / "run.json"):
        raise TfftError(
            f"Nothing can be written to the run folder {str(folder)!r}: {reason}.", fix="Choose another folder."
        )
    return folder.absolute()  # a callback may change the working directory


def check_inputs(backbone: Backbone, data: Splits) -> None:
    """Check that a backbone takes the kind of inputs that the data holds; no weights are loaded.

    Args:
        backbone: A backbone for images of shape (height, width, channels), or for texts.
        data: Images or texts.

    Raises:
        DataError: When the backbone takes texts and the data holds images, or the backbone takes images and the data holds texts.
    """
    takes, given = backbone.preprocessor.noun, noun_of(read(data.train, 0))
    if takes != given:
        kinds = f"{takes}s", f"{given}s"
        raise DataError(
            f"{backbone.handle!r} takes {kinds[0]}, but the data holds {kinds[1]}.",
            f"{data.train.name(0)!r} first",
            _OTHER_BACKBONES[given],
        )


def warn_about_texts(backbone: Backbone, train: Prepared) -> None:
    """Warn when many training texts are cut, or many of their tokens are unknown; images of any shape are not checked.

    Args:
        backbone: The backbone of the model.
        train: The training part.

    Warns:
        DataWarning: When texts or words are longer than the limit, or more than 5 % of the tokens are not in the vocabulary.
    """
    found = train.statistics
    if found is None:
        return
    handle, cut = backbone.handle, round(found["truncated"] * len(train.examples))
    if cut:
        warnings.warn(
            f"{cut:,} of {len(train.examples):,} training texts have more than {found['limit']} tokens and lose their end; the "
            f"longest has {found['longest']:,}. {advice_on_length(backbone, int(found['limit']), int(found['longest']))}",
            DataWarning,
            stacklevel=3,
        )
    if found.get("cut_words"):
        warnings.warn(
            f"{found['cut_words']:,} words of the training texts have more tokens than fit into a row, and lose their end.",
            DataWarning,
            stacklevel=3,
        )
    if found.get("cut_questions"):
        warnings.warn(
            f"{quantity(int(found['cut_questions']), 'question takes', 'questions take')} more than half of a row, and "
            f"{'lose' if found['cut_questions'] > 1 else 'loses'} the end. Pass a larger length= with the name of the backbone.",
            DataWarning,
            stacklevel=3,
        )
    if found["unknown"] > _UNKNOWN:
        warnings.warn(
            f"{found['unknown']:.0%} of the tokens of the training texts are not in the vocabulary of {handle!r}, which replaces "
            'all of them by one "unknown" token. Choose a backbone for their language, such as "multilingual_e5_small", or '
            '"bert_base_zh" for Chinese.',
            DataWarning,
            stacklevel=3,
        )


def warn_about_targets(task: Task, parts: Mapping[str, Prepared]) -> None:
    """Warn of targets that training cannot use, such as answers that no row of tokens holds.

    Args:
        task: The task of the model.
        parts: Part name -> its examples.

    Warns:
        DataWarning: When there are such targets.
    """
    for part, found in parts.items():
        for doubt in task.doubts(found.examples.targets, found.owner):
            warnings.warn(f"The {part} part: {doubt}", DataWarning, stacklevel=3)


def check_plan(model: TransferModel, plan: Plan, has_teacher: bool = False) -> None:
    """Check that a plan fits a model.

    Args:
        model: The ``model`` argument of ``fit``.
        plan: The ``plan`` argument of ``fit``.
        has_teacher: Whether there is a ``teacher`` argument.

    Raises:
        PlanError: When it is not a Plan, or does not fit the net, the labels or a teacher.
    """
    if not isinstance(plan, Plan):
        raise PlanError("plan must be a Plan.", type(plan).__name__, "Use tfft.plans.two_phase() or Plan(Phase(...)).")
    rows = survey(model.backbone_net, model.backbone.blocks, model.head_net)
    for phase in plan:
        if not model.backbone.can_finetune and phase.trainable.name != "nothing":
            raise PlanError(
                f"Phase {phase.name!r} trains the backbone {model.backbone.handle!r}, which cannot be trained.",
                "a SavedModel that does not list its variables",
                "Use plans.head_only() (--plan head_only). To train it, save it again with model.export(), or as a "
                "tf.train.Checkpoint() with __call__, variables and trainable_variables; a tf.Module does not save these lists.",
            )
        intended = plan_rows(phase.trainable, rows, phase.train_norms)
        _check_norms(model, phase.name, intended)
        if phase.trainable.name != "nothing" and not any(
            r.intent == "train" and r.block != "head" for r in intended.rows
        ):
            raise PlanError(
                f"Phase {phase.name!r} trains no variable of the backbone: {phase.trainable.describe()} matches none.",
                f"norms {'included' if phase.train_norms else 'left out'}",
                "Choose other variables, or set train_norms=True to train norms. To train only the head, write nothing().",
            )
        if phase.optimizer == LBFGS:
            check_solved(model, phase, has_teacher)
        takes = model.preprocessor.noun
        others = [step for step in phase.augment if step.noun != takes]
        if others:
            raise PlanError(
                f"Phase {phase.name!r} changes {others[0].noun}s, but {model.backbone.handle!r} takes {takes}s.",
                shortlist([step.describe() for step in others]),
                f"Use {_AUGMENTATIONS[takes]}; augment=() changes nothing.",
            )
        changing = [step.describe() for step in phase.augment if step.of_words]
        if changing and model.task.align is not None:
            raise PlanError(
                f"Phase {phase.name!r} changes the words of texts, but single words or places have targets.",
                f"{shortlist(changing)} for {model.task.name}",
                "Use token_dropout(), which hides tokens and changes no word.",
            )
        if any(dict(step.options).get("table", ()) is None for step in phase.augment):
            wordnet()
        mixing = [step.describe() for step in phase.augment if step.mixes]
        if mixing and not model.task.mixable:
            raise PlanError(
                f"Phase {phase.name!r} mixes examples, but a mixture of two inputs does not have the mean of their targets.",
                f"{shortlist(mixing)} for {model.task.name}",
                "Leave it out. For regression, use flips(), crops() and colors() if they do not change the quantity.",
            )


def _check_norms(model: TransferModel, name: str, intended: Overview) -> None:
    """Refuse phases that train only some norms of a SavedModel, because it is called in one mode as a whole."""
    if not is_whole(model.backbone_net):
        return
    (layer,) = (layer for layer in model.backbone_net.layers if hasattr(layer, "block_layers"))
    intents = {row.intent for row in intended.rows if row.norm and row.kind == "statistic" and row.block != "head"}
    if len(intents) > 1:
        raise PlanError(
            f"Phase {name!r} trains the norms of some blocks, but the SavedModel {model.backbone.handle!r} "
            "updates the statistics of all of them or none.",
            fix="Train everything() with train_norms=True, or write train_norms=False.",
        )
    if "update" in intents and not layer.how["training"]:
        raise PlanError(
            f"Phase {name!r} updates the statistics of norms, but the SavedModel {model.backbone.handle!r} has no training mode.",
            fix="Write train_norms=False, or save it with a training argument, after calls with True and with False.",
        )
