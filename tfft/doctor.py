"""What this machine has: versions, devices, instruction sets, caches, and which weight sources it can reach.

Rows first, text second, like every table of tfft.
"""

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tfft.backbones.weights import keras_cache
from tfft.core import machine, versions

SOURCES = {
    "keras.applications": "storage.googleapis.com",
    "Kaggle (KerasHub, TF Hub)": "www.kaggle.com",
    "Hugging Face": "huggingface.co",
}
TIMEOUT_SECONDS = 3.0
_PACKAGES = (*versions.PACKAGES, "tensorflow-hub", "tensorflow-datasets", "tensorflow-text")


@dataclass(frozen=True)
class Finding:
    """One line of the examination.

    Attributes:
        section: Such as ``"versions"``.
        name: What was looked at.
        value: What was found.
        good: Whether everything that needs it will work.
    """

    section: str
    name: str
    value: str
    good: bool = True


def examine(offline: bool = False) -> list[Finding]:
    """Look at everything; imports TensorFlow to list its devices.

    Args:
        offline: Open no socket; the weight sources are then not tried.

    Returns:
        Findings, section by section.
    """
    return [*_versions(), *_machine(), *_devices(), *_caches(), *_sources(offline)]


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
        found = f"{len(sizes)} files, {sum(sizes) / 1e6:.1f} MB" if folder.is_dir() else "not made yet"
        yield Finding("caches", name, f"{folder} ({found})", _writable(folder))


def _sizes(folder: Path) -> Iterator[int]:
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # another process is at work
            if path.is_file():
                yield path.stat().st_size


def _sources(offline: bool) -> Iterator[Finding]:
    yield Finding("weight sources", "tfft_mini", "inside the package")
    if offline:
        yield Finding("weight sources", "network", "not tried")
        return
    with ThreadPoolExecutor(len(SOURCES)) as pool:
        answers = pool.map(_reach, SOURCES.values())
        for (name, host), reason in zip(SOURCES.items(), answers, strict=True):
            value = f"{host} answers" if not reason else f"{host} cannot be reached: {reason}"
            yield Finding("weight sources", name, value, not reason)


def _reach(host: str) -> str:
    """Empty when the host answers, otherwise why not."""
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
    """The findings as lines, sections as headings.

    Args:
        findings: From ``examine``.

    Returns:
        Text; findings that will cause trouble start with ``!``.

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
