"""The options of ``tfft fit`` for a teacher."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tfft.plans.teacher import Teacher

TeacherBundle = Annotated[
    str | None,
    typer.Option(help="Bundle of a larger model with the same labels, from whose answers this one learns as well."),
]
Temperature = Annotated[
    float | None,
    typer.Option(help="Divides the logits of teacher and student, above 0.", show_default="1"),
]
TeacherWeight = Annotated[
    float | None,
    typer.Option(help="Share of the teacher in the loss, in (0, 1].", show_default="0.5"),
]


def typed_teacher(bundle: str | None, temperature: float | None, weight: float | None) -> "Teacher | None":
    """Read ``--teacher`` and its numbers.

    Args:
        bundle: The value of ``--teacher``: a path, or an address at Hugging Face.
        temperature: The value of ``--temperature``, above 0.
        weight: The value of ``--teacher-weight``, in (0, 1].

    Returns:
        The teacher, with the path for ``loaded_teacher``; None without ``--teacher``.

    Raises:
        BadParameter: When there is a number and no teacher.
        BundleError: When there is no bundle at the path.
        PlanError: When a number is out of range.
    """
    from tfft.cli.typed_paths import check_inputs
    from tfft.plans.teacher import Teacher

    given = {name: value for name, value in (("temperature", temperature), ("weight", weight)) if value is not None}
    if bundle is None:
        if given:
            raise typer.BadParameter("--temperature and --teacher-weight need --teacher with a bundle.")
        return None
    return Teacher(check_inputs(bundle, (), skip_corrupt=False), **given)


def loaded_teacher(typed: "Teacher | None") -> "Teacher | None":
    """Load the bundle of a teacher.

    Args:
        typed: From ``typed_teacher``.

    Returns:
        The teacher, whose net returns logits of shape (batch, outputs); None without one.

    Raises:
        BundleError: When the bundle cannot be read.
    """
    import tfft

    return None if typed is None else replace(typed, model=tfft.load(typed.model))
