"""Examine this machine: versions, devices, instruction sets, caches, and the weight sources that it can reach.

As for every table of tfft, one function makes rows and another formats them as text.
"""

import io
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path

from tfft.backbones import handles, packages
from tfft.backbones.weights import keras_cache
from tfft.core import files, machine, versions
from tfft.core.errors import BackboneError, quantity, similar
from tfft.core.offline import VARIABLE, disconnected, is_offline
from tfft.core.quiet import start_tensorflow

SOURCES = {
    "keras.applications": "storage.googleapis.com",
    "Kaggle (KerasHub, TF Hub)": "www.kaggle.com",
    "Hugging Face": "huggingface.co",
}
TIMEOUT_SECONDS = 3.0
_SHOWN = 10
_PACKAGES = (*versions.PACKAGES, "tensorflow-hub", "tensorflow-datasets", "tensorflow-text")


@dataclass(frozen=True)
class Finding:
    """One result of ``examine`` or ``examine_source``.

    Attributes:
        section: The heading, such as ``"versions"``.
        name: The examined thing, such as a package.
        value: The result, such as its version.
        good: Whether everything that needs it will work, as far as this can be seen; False marks a problem.
    """

    section: str
    name: str
    value: str
    good: bool = True


def examine(offline: bool = False) -> list[Finding]:
    """Examine everything. This imports TensorFlow to list its devices.

    Args:
        offline: Whether to open no socket; the weight sources are then not tried.

    Returns:
        Findings, section by section.
    """
    start_tensorflow()
    return [*_versions(), *_machine(), *_devices(), *_caches(), *_sources(offline)]


def examine_source(name: str, offline: bool = False, advise: Callable[[str], str] = str) -> list[Finding]:
    """Examine one source of weights: its folders on this machine with their content, and whether its hosts answer.

    Args:
        name: The name of a source, such as ``"keras"``, or of a backbone, such as ``"vgg16"``. A backbone is then also
            loaded without the network; its net takes pixels of shape (batch, height, width, 3), or token ids.
        offline: Whether to open no socket.
        advise: Rewrites the advice of an error, which names Python arguments, for other readers.

    Returns:
        Findings: the folders, the hosts, and for a backbone whether it loads.

    Raises:
        BackboneError: When neither a source nor a backbone has this name.
    """
    try:
        source = name if name in handles.SOURCES else handles.source_of(name)
    except BackboneError:
        known = [*handles.SOURCES, *(candidate for _, candidate in handles.names())]
        every = f"The sources are {', '.join(map(repr, handles.SOURCES))}. `tfft backbones` lists all backbones."
        raise BackboneError(
            f"No source of weights and no backbone has the name {name!r}.", fix=similar(name, known) or every
        ) from None
    start_tensorflow()
    about = handles.SOURCES[source]
    found = [Finding("source", source, about.about)]
    for label, folder in handles.places(source).items():
        found += _held(label, folder)
    if not handles.places(source):
        found.append(Finding("on this machine", "nothing", "this source downloads nothing"))
    found += [_host(host, offline) for host in about.hosts]
    return found if name == source else [*found, _loads(name, advise)]


def _held(label: str, folder: Path) -> Iterator[Finding]:
    """Describe a folder of a source, its total size, and its largest entries."""
    if not folder.is_dir():
        yield Finding("on this machine", label, f"{folder} (does not exist yet)", _writable(folder))
        return
    parts = {part: sum(_sizes(part)) or part.stat().st_size for part in folder.iterdir() if part.suffix != ".txt"}
    held = f"{quantity(len(parts), 'entry', 'entries')}, {files.in_words(sum(parts.values()))}"
    yield Finding("on this machine", label, f"{folder} ({held})")
    for part in sorted(parts, key=lambda part: -parts[part])[:_SHOWN]:
        # TensorFlow Hub names folders by a hash, and writes the address into this file
        told = part.with_name(f"{part.name}.descriptor.txt")
        shown = told.read_text(encoding="utf-8").partition("\n")[0] if told.is_file() else part.name
        yield Finding("on this machine", "", f"{shown}, {files.in_words(parts[part])}")
    if len(parts) > _SHOWN:
        yield Finding("on this machine", "", f"... ({len(parts)} in all)")


def _host(host: str, offline: bool) -> Finding:
    if offline or is_offline():
        return Finding("network", host, "not tried" if offline else f"not tried: {VARIABLE} is set")
    reason = _reach(host)
    return Finding("network", host, f"cannot be reached: {reason}" if reason else "answers", not reason)


def _loads(handle: str, advise: Callable[[str], str]) -> Finding:
    try:
        # Keras prints that it downloads before it opens a connection, which is then refused
        with disconnected(always=True, why="the doctor downloads nothing"), redirect_stdout(io.StringIO()):
            net = handles.load_backbone(handle, offline=True).load()
    except BackboneError as error:
        told = BackboneError(error.what, error.got, advise(error.fix))
        return Finding("backbone", handle, f"is not complete on this machine: {told}", good=False)
    return Finding("backbone", handle, f"loads from this machine, {net.count_params():,} parameters")


def _versions() -> Iterator[Finding]:
    for name, value in versions.installed(_PACKAGES).items():
        yield Finding("versions", name, value, value != "not installed")


def _machine() -> Iterator[Finding]:
    yield Finding("machine", "cores", str(machine.cores()))
    memory = machine.memory_bytes()
    yield Finding("machine", "memory", f"{memory / 1e9:.1f} GB" if memory else "unknown")
    yield Finding("machine", "instruction sets", " ".join(machine.instruction_sets()) or "unknown")


def _devices() -> Iterator[Finding]:
    import tensorflow as tf

    for device in tf.config.list_physical_devices():
        yield Finding("devices", device.name.removeprefix("/physical_device:"), device.device_type)


def _caches() -> Iterator[Finding]:
    for name, folder in (("tfft", machine.cache_folder()), ("Keras weights", keras_cache())):
        sizes = list(_sizes(folder))
        found = (
            f"{quantity(len(sizes), 'file')}, {sum(sizes) / 1e6:.1f} MB" if folder.is_dir() else "does not exist yet"
        )
        yield Finding("caches", name, f"{folder} ({found})", _writable(folder))


def _sizes(folder: Path) -> Iterator[int]:
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # another process may delete files meanwhile
            if path.is_file():
                yield path.stat().st_size


def _sources(offline: bool) -> Iterator[Finding]:
    yield Finding("weight sources", "tfft_mini", "inside the package")
    for name, package in packages.PACKAGES.items():
        path = packages.find(name)
        here = path is not None and path.exists()
        told = f"in the package {package.module}" if here else f"not installed; run: {package.install}"
        yield Finding("weight sources", name, told, here)
    if offline or is_offline():
        yield Finding("weight sources", "network", "not tried" if offline else f"not tried: {VARIABLE} is set")
        return
    with ThreadPoolExecutor(len(SOURCES)) as pool:
        answers = pool.map(_reach, SOURCES.values())
        for (name, host), reason in zip(SOURCES.items(), answers, strict=True):
            value = f"{host} answers" if not reason else f"{host} cannot be reached: {reason}"
            yield Finding("weight sources", name, value, not reason)


def _reach(host: str) -> str:
    """The reason why a host does not answer; empty when it does."""
    try:
        with socket.create_connection((host, 443), timeout=TIMEOUT_SECONDS):
            return ""
    except OSError as error:
        return str(error)


def _writable(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)


def to_text(findings: list[Finding]) -> str:
    """Format findings as lines, with sections as headings.

    Args:
        findings: The result of ``examine`` or ``examine_source``.

    Returns:
        Text; lines of findings that are not good start with ``!``.

    Example:
        >>> print(to_text([Finding("versions", "keras", "3.15.0"), Finding("caches", "tfft", "/read-only", good=False)]))
        versions
          keras                      3.15.0
        caches
        ! tfft                       /read-only
    """
    lines = []
    for section in dict.fromkeys(finding.section for finding in findings):
        lines.append(section)
        for finding in (f for f in findings if f.section == section):
            lines.append(f"{' ' if finding.good else '!'} {finding.name:<26} {finding.value}")
    return "\n".join(lines)
