"""What this machine offers a run: cores, instruction sets, the folder for caches."""

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

import platformdirs

# of a container: control groups in their second and first version
_MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_WORTH_KNOWING = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "amx_int8", "fma", "neon", "asimd")


def cores() -> int:
    """How many cores this process may use (which inside a container can be fewer than the machine has).

    Returns:
        At least 1.
    """
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity call
        return os.cpu_count() or 1


def cache_folder() -> Path:
    """Where tfft keeps what it can compute again: ``TFFT_CACHE_DIR``, or the platform's user cache folder.

    Returns:
        A path that need not exist; nothing is created.

    Example:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, TFFT_CACHE_DIR="/large/disk"):
        ...     cache_folder().as_posix()
        '/large/disk'
    """
    chosen = os.environ.get("TFFT_CACHE_DIR")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("tfft", appauthor=False))


def trials_file() -> Path:
    """Where the trials of precisions on this machine are remembered.

    Returns:
        A path that need not exist.
    """
    return cache_folder() / "precision.json"


def memory_bytes() -> int | None:
    """Memory that this process may use (which inside a container can be less than the machine has).

    Returns:
        Bytes; None where the platform does not say.
    """
    try:
        found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None
    for limit in _MEMORY_LIMITS:
        with suppress(OSError, ValueError):  # no such file, or "max"
            found.append(int(limit.read_text()))
    return min(found)


def instruction_sets() -> tuple[str, ...]:
    """The instruction sets that decide how fast a net runs on this CPU.

    Returns:
        Such as ``("avx2", "avx512f", "amx_bf16")``; empty where the platform does not say.
    """
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ()
    flags = next((line.split() for line in text.splitlines() if line.startswith(("flags", "Features"))), [])
    return tuple(name for name in _WORTH_KNOWING if name in flags)


def hardware() -> dict[str, object]:
    """What decides how fast this machine computes, as JSON values; imports TensorFlow to list its accelerators.

    Returns:
        Cores, instruction sets and the names of GPUs and TPUs.

    Example:
        >>> sorted(hardware())
        ['accelerators', 'cores', 'instruction_sets']
    """
    import tensorflow as tf

    devices = [device for device in tf.config.list_physical_devices() if device.device_type != "CPU"]
    names = [str(tf.config.experimental.get_device_details(device)) for device in devices]
    return {"cores": cores(), "instruction_sets": list(instruction_sets()), "accelerators": names}


def release_memory() -> None:
    """Return freed memory to the operating system.

    The C library of Linux keeps the memory that a thread frees for that thread: up to hundreds of megabytes after a large image. On
    other systems this function does nothing.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # a C library without this function
            ctypes.CDLL(None).malloc_trim(0)
