"""Ranking: the scores of several backbones on the same examples, best first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tfft.backbones.base import Backbone
from tfft.core.html_tables import table
from tfft.core.terminal import plain

ORDERS = ("probe", "logme", "hscore")
"""The scores by which a ranking can be ordered."""


@dataclass(frozen=True)
class RankedBackbone:
    """The scores of one backbone. In all of them, higher is better.

    Attributes:
        name: The handle, with options where several backbones have the same one, such as ``"mobilenet_v2(alpha=0.35)"``.
        backbone: The description, for ``build``.
        probe: The metric of a linear head on held-out examples.
        logme: LogME, in nats.
        hscore: The H-score; None where examples do not have one class each.
        seconds: The time for loading the weights, and computing features and scores. It is short where features were cached.
        megabytes: The size of the weights, in 10**6 bytes; None where the backbone does not list them.
        width: The number of features of an example.
    """

    name: str
    backbone: Backbone
    probe: float
    logme: float
    hscore: float | None
    seconds: float
    megabytes: float | None
    width: int

    def to_dict(self) -> dict[str, Any]:
        """Return all values as JSON values; None in place of scores that are not defined."""
        found = {field.name: getattr(self, field.name) for field in fields(self)} | {
            "backbone": self.backbone.to_dict()
        }
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in found.items()
        }


@dataclass(frozen=True)
class Ranking:
    """Several backbones, best first.

    Attributes:
        rows: One for each backbone, in the order of the score ``order``.
        order: ``"probe"``, ``"logme"`` or ``"hscore"``.
        measure: The name of the metric in ``probe``: ``"accuracy"``, ``"macro_f1"`` or ``"r2"``.
        examples: The number of training examples on which the backbones were compared.
        seed: The seed of the examples and the folds.
    """

    rows: tuple[RankedBackbone, ...]
    order: str
    measure: str
    examples: int
    seed: int

    def describe(self) -> str:
        """Return an aligned table, and a sentence on how it was made.

        Example:
            >>> import tfft
            >>> row = RankedBackbone("toy", tfft.load_backbone("toy"), 0.75, -0.5, 0.6, 0.12, 0.004, 8)
            >>> print(Ranking((row,), "probe", "accuracy", 500, seed=0).describe())
            backbone  accuracy   LogME  H-score  seconds   MB  width
            toy         0.7500 -0.5000   0.6000      0.1  0.0      8
            Ordered by accuracy of linear heads, cross-validated on 500 training examples.
        """
        cells = [self._header, *(self._cells(row) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(
                [line[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(line[1:], widths[1:], strict=True))]
            )
            for line in cells
        ]
        return "\n".join([*lines, self._caption])

    def to_dict(self) -> dict[str, Any]:
        """Return all values as JSON values.

        Example:
            >>> Ranking((), "probe", "r2", 500, seed=0).to_dict()["measure"]
            'r2'
        """
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return own | {"rows": [row.to_dict() for row in self.rows]}

    def _repr_html_(self) -> str:
        """Return the table, which notebooks show."""
        lines = [dict(zip(self._header, self._cells(row), strict=True)) for row in self.rows]
        return table(lines, self._caption)

    @property
    def _header(self) -> list[str]:
        return ["backbone", self.measure, "LogME", "H-score", "seconds", "MB", "width"]

    def _cells(self, row: RankedBackbone) -> list[str]:
        scores = [_number(score, 4) for score in (row.probe, row.logme, row.hscore)]
        return [plain(row.name), *scores, _number(row.seconds, 1), _number(row.megabytes, 1), str(row.width)]

    @property
    def _caption(self) -> str:
        by = {"probe": self.measure, "logme": "LogME", "hscore": "H-score"}[self.order]
        of = "linear heads, cross-validated" if self.order == "probe" else "frozen features"
        return f"Ordered by {by} of {of} on {self.examples:,} training examples."


def named_apart(backbones: Sequence[Backbone]) -> dict[str, Backbone]:
    """Name backbones by their handles; those with the same handle by the options that tell them apart as well.

    Args:
        backbones: The backbones.

    Returns:
        Name -> backbone, in their order. Backbones that differ in no option, such as models in memory, are numbered.

    Example:
        >>> import tfft
        >>> list(named_apart([tfft.load_backbone("toy"), tfft.load_backbone("toy", size=32), tfft.load_backbone("tfft_mini")]))
        ['toy(size=16)', 'toy(size=32)', 'tfft_mini']
    """
    found: dict[str, Backbone] = {}
    for backbone in backbones:
        alike = [dict(other.options) for other in backbones if other.handle == backbone.handle]
        own, name, number = dict(backbone.options), backbone.handle, 1
        differing = [key for key in own if any(other.get(key) != own[key] for other in alike)]
        # file names of weights are long, and often another option tells enough
        differing.sort(key=lambda key: key == "weights")
        for count in range(1, len(differing) + 1):
            shown = differing[:count]
            name = f"{backbone.handle}({', '.join(f'{key}={_short(own[key])}' for key in shown)})"
            if sum(all(other.get(key) == own[key] for key in shown) for other in alike) == 1:
                break
        unnumbered = name
        while name in found:
            number += 1
            name = f"{unnumbered} #{number}"
        found[name] = backbone
    return found


def ordered(rows: Sequence[RankedBackbone], order: str) -> tuple[RankedBackbone, ...]:
    """Sort rows by a score, the highest first; undefined scores are last, and equal ones are in the order of LogME.

    Args:
        rows: The rows.
        order: One of ``ORDERS``.

    Example:
        >>> ordered([], "probe")
        ()
    """
    return tuple(sorted(rows, key=lambda row: (_lowest(getattr(row, order)), _lowest(row.logme)), reverse=True))


def _lowest(score: float | None) -> float:
    return -math.inf if score is None or math.isnan(score) else score


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def _short(value: Any) -> str:
    return Path(value).name if isinstance(value, str) else str(value)
