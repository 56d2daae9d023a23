"""Compute the frozen, deterministic part of a net once for all epochs, later phases and later runs."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any

import numpy as np

from tfft.augment import augmentation
from tfft.augment import views as changed_views
from tfft.cache.chosen_rows import ChosenRows
from tfft.cache.joined_shards import JoinedShards
from tfft.cache.shards import Shards
from tfft.cache.spot_checks import some
from tfft.core.files import in_words
from tfft.core.ragged import padded
from tfft.data import loading
from tfft.data.content_hash import unchanged
from tfft.data.examples import Examples, joined
from tfft.data.feature_tables import NotKeptError, Tables, with_kept
from tfft.data.loading import lengths_of
from tfft.data.sequences import Selected
from tfft.models.cuts import Cut
from tfft.models.extraction import Extraction, Wanted
from tfft.models.features import identity, made_from, row_of
from tfft.models.prepared import Prepared
from tfft.models.recomputed import difference
from tfft.plans.phase import Phase
from tfft.training.context import RunContext
from tfft.training.feature_schedule import Turn, chain, draws, legal, views

Reader = Callable[[int], np.ndarray]
Check = Callable[[np.ndarray], str]
Table = Shards | ChosenRows


@dataclass
class TrunkCache:
    """The features of one run.

    Where the parts of the run are chosen from a whole, unaugmented features are computed for the whole once, and other runs that
    share the tables find them.

    Attributes:
        context: The run: its model, whose trunk computes the features, and its examples, images of any shape or texts.
        kept: The tables of features; the caller closes them at the end of the run.
    """

    context: RunContext
    kept: Tables = field(init=False)
    _extractions: dict[str, Extraction] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.kept = Tables(self.context.model.cache) if self.context.kept is None else self.context.kept

    def of(self, context: RunContext) -> "TrunkCache":
        """Return the cache of another training of the same model, with the same tables.

        Args:
            context: The other training.
        """
        found = TrunkCache(context, self._extractions)
        found.kept = self.kept
        return found

    def tables(self, turns: Sequence[Turn], dtype: str) -> tuple[Cut, list[Table | JoinedShards], Table | None]:
        """Return the features that a phase reads. Features that later phases read from the same examples are computed as well.

        Args:
            turns: This phase and all later ones.
            dtype: The dtype in which the trunk computes.

        Returns:
            The cut, a table for each view of the training part, and the table of the validation part; None in a refit, which does
            not validate. ``row_of`` gives the shapes and dtypes of the rows.

        Raises:
            NotKeptError: When the phase must read pixels or tokens.
            DataError: When an image cannot be read.
        """
        at = legal(turns[0], self.context.model.cache)
        known = cache(lambda each: identity(self.context.model, each, dtype))  # hashes all weights, which takes a while

        def filled(part: Prepared, draw: Mapping[str, Any], view: str = "") -> Table:
            own = (part is self.context.train and part.whole is None) or not self.context.validates
            cuts = [at] if draw else chain(turns, self.context.model.cache, own)
            return self._table(at, {each: known(each) for each in cuts}, part, draw, dtype, view)

        count, each = self.views(turns[0], dtype), _view_bytes(self.context.train.examples, at, dtype)
        if count > 1 and count * each > self.context.model.cache.most_bytes:
            most = self.context.model.cache.most_bytes
            raise NotKeptError(f"{count} views of {in_words(each)} do not fit into {in_words(most)}")
        if count > 1:
            self.context.note(_about_views(turns[0].phase, count))
        train: list[Table | JoinedShards] = []
        for number, draw in enumerate(draws(turns[0], count, self.context.seed), 1):
            view, begin, parts = f", view {number} of {count}" if count > 1 else "", 0, []
            for part in self.context.training_parts:
                # the changes of an example follow from its position
                parts.append(filled(part, draw | {"first": begin} if draw and begin else draw, view))
                begin += len(part.examples)
            train.append(parts[0] if len(parts) == 1 else JoinedShards(parts))
        return at, train, filled(self.context.validation, {}) if self.context.validates else None

    def unmoved(self, turns: Sequence[Turn], part: Prepared, dtype: str) -> tuple[Cut, Table]:
        """Return the features of a part at a cut before which no phase changes a variable, so that they hold after the run.

        Args:
            turns: All phases.
            part: Examples with inputs of any shape.
            dtype: The dtype in which the trunk computes.

        Returns:
            The cut, and its table.

        Raises:
            NotKeptError: When there is no such cut, or its features cannot be cached.
            DataError: When an image cannot be read.
        """
        first = min(turns, key=lambda turn: turn.at.depth)
        at = legal(first, self.context.model.cache)
        if not all(turn.at.contains(at) for turn in turns):
            raise NotKeptError("the phases train parallel paths of the net")
        return at, self._table(at, {at: identity(self.context.model, at, dtype)}, part, {}, dtype)

    def _table(
        self,
        at: Cut,
        trunks: Mapping[Cut, dict[str, Any]],
        part: Prepared,
        draw: Mapping[str, Any],
        dtype: str,
        view: str = "",
    ) -> Table:
        """The table of a part, or the rows of a part in the table of the whole; augmented views are of a part alone."""
        whole = None if draw else part.whole
        examples = part.examples if whole is None else whole
        keys = {each: made_from(trunk, examples, draw) for each, trunk in trunks.items()}
        table = self._filled(at, keys, examples, draw, dtype, view)
        return table if whole is None or part.rows is None else ChosenRows(table, part.rows)

    def views(self, turn: Turn, dtype: str) -> int:
        """Return the number of random views of each training image in a phase, with or without cached features.

        Args:
            turn: The phase.
            dtype: The dtype in which the trunk computes.

        Returns:
            At least 1; the number of epochs when no features can be cached.
        """
        try:
            at = legal(turn, self.context.model.cache)
        except NotKeptError:
            return turn.phase.epochs
        return views(turn, self.context.model.cache, _view_bytes(self.context.train.examples, at, dtype))

    def extraction(self, dtype: str) -> Extraction:
        """Return the object that computes features in a dtype; the whole run shares it.

        Args:
            dtype: The dtype in which the trunk computes.

        Returns:
            An Extraction, for images of any shape or for texts.
        """
        return self._extractions.setdefault(dtype, Extraction(self.context.model, dtype, share=self.context.share))

    def pixels(self, phase: Phase) -> tuple[Examples, Examples | None]:
        """Return the training and validation parts for a phase that reads pixels; decoded, resized images are cached.

        Args:
            phase: The phase. With random crops, training images are not cached, because crops need the original images.

        Returns:
            Examples; None in place of the validation part in a refit, which does not validate. The inputs of cached ones are uint8
            pixels of shape (height, width, 3).

        Raises:
            DataError: When an image cannot be read.
        """
        cropped = any(step.name == "crops" for step in phase.augment)
        several = phase.end > 1 or not self.context.validates  # the first training has already cached those of a refit
        kept = several and not cropped
        parts = [self._pixels_of(part) if kept else part.examples for part in self.context.training_parts]
        train = parts[0] if len(parts) == 1 else joined(parts)
        if not self.context.validates:
            return train, None
        return train, self._pixels_of(self.context.validation) if several else self.context.validation.examples

    def _pixels_of(self, part: Prepared) -> Examples:
        if part.whole is None or part.rows is None:
            return self._with_pixels(part.examples)
        found = self._with_pixels(part.whole)
        return (
            part.examples if found is part.whole else replace(part.examples, inputs=Selected(found.inputs, part.rows))
        )

    def _with_pixels(self, examples: Examples) -> Examples:
        preprocessor = self.context.model.preprocessor
        ((_, shape, _), *others) = preprocessor.inputs
        if others or None in shape:
            return examples  # texts, which are tokens in memory
        what = f"pixels {shape[0]} x {shape[1]}"
        about = {"what": what, "pixels": preprocessor.to_dict()}
        try:
            if not self.context.model.cache.on or getattr(examples.inputs[0], "shape", None) == shape:
                return examples
            return with_kept(
                examples, preprocessor, about, np.dtype((np.uint8, shape)), self.kept,
                lambda done, count: self.context.progress(what, done, count),
            )  # fmt: skip
        except NotKeptError:
            return examples

    def _filled(
        self,
        at: Cut,
        keys: Mapping[Cut, dict[str, Any]],
        examples: Examples,
        draw: Mapping[str, Any],
        dtype: str,
        view: str,
    ) -> Shards:
        """The table of one cut; other tables are filled in the same pass if there is room. ``view`` is for the progress bar."""
        lengths = lengths_of(examples)
        longest = 0 if lengths is None else padded(int(lengths.max()))

        def table(each: Cut) -> Shards:
            return self.kept.table(keys[each], len(examples), row_of(each, dtype, longest))

        read = self._reader(examples, draw)

        def fill() -> Shards:
            own = table(at)
            wanted = []
            for each in keys:
                with suppress(NotKeptError):
                    wanted.append(Wanted(each, own if each is at else table(each)))
            checks = [(each.table, partial(self._difference, each, read, dtype, lengths)) for each in wanted]
            # features are computed from other features, so all tables are checked before any is filled
            wrong = [(found, check) for found, check in checks if self.kept.is_wrong(found, check)]
            what = f"{keys[at]['what']}{view}"
            self.extraction(dtype).fill(
                wanted, read, lambda done, count: self.context.progress(what, done, count), lengths
            )
            for found, check in wrong:
                _refuse_chance(found, check)
            return own

        return self.kept.attempt(fill)

    def _difference(
        self, wanted: Wanted, read: Reader, dtype: str, lengths: np.ndarray | None, positions: np.ndarray
    ) -> str:
        return difference(self.context.model, wanted, positions, read, dtype, lengths)

    def _reader(self, examples: Examples, draw: Mapping[str, Any]) -> Reader:
        """A function: position of an example -> its pixels or tokens, in the given view."""
        preprocessor = self.context.model.preprocessor
        if lengths_of(examples) is not None:
            return lambda index: preprocessor(examples.inputs[index])
        if not draw:
            return lambda index: preprocessor(unchanged(examples, index))
        changes = [augmentation.from_dict(values) for values in draw["changes"]]

        def read(index: int) -> np.ndarray:
            random = loading.draw(draw["seed"], draw["epoch"], draw.get("first", 0) + index)
            return changed_views.changed([unchanged(examples, index)], preprocessor, changes, [random])[0]

        return read


def _about_views(phase: Phase, count: int) -> str:
    changes = ", ".join(step.describe() for step in phase.augment)
    return (
        f"Phase {phase.name!r} augments its training examples ({changes}): it computes and stores the features of {count} random "
        f"views of each example, so this takes about {count} times as long as without augmentation."
    )


def _refuse_chance(table: Shards, check: Check) -> None:
    """Refuse to cache features that differ when computed again: they are random, or depend on their batch."""
    if wrong := check(some(np.arange(table.count))):
        table.discard()
        raise NotKeptError(f"features differ from one computation to the next: {wrong}")


def _view_bytes(examples: Examples, at: Cut, dtype: str) -> int:
    """The size in bytes of the features of one view of all examples."""
    lengths = lengths_of(examples)
    return len(examples) * row_of(at, dtype, 0 if lengths is None else padded(int(lengths.max()))).itemsize
