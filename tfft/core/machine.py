"""Ask about this machine: cores, memory, instruction sets, accelerators and the cache folder."""

import ctypes
import os
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import platformdirs

# the memory limit of a container, in version 2 and version 1 of control groups
_MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
# instructions of x86 and ARM that multiply in bfloat16 or float16
_HALF_PRECISION = ("avx512_bf16", "avx512_fp16", "amx_bf16", "amx_fp16", "bf16", "asimdhp")
_WIDTH = 1024
_WORTH_KNOWING = ("avx2", "avx512f", "avx512_vnni", "amx_int8", "fma", "neon", "asimd", *_HALF_PRECISION)


def cores() -> int:
    """Return the number of cores that this process may use. Inside a container this can be fewer than the machine has.

    Returns:
        The number of cores, at least 1.
    """
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity call
        return os.cpu_count() or 1


def cache_folder() -> Path:
    """Return the folder for files that tfft can compute again: ``TFFT_CACHE_DIR``, or the user cache folder of the platform.

    Returns:
        The path of the folder. It need not exist and is not created.

    Example:
        >>> from unittest.mock import patch
        >>> with patch.dict(os.environ, TFFT_CACHE_DIR="/large/disk"):
        ...     cache_folder().as_posix()
        '/large/disk'
    """
    chosen = os.environ.get("TFFT_CACHE_DIR")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("tfft", appauthor=False))


def trials_file() -> Path:
    """Return the file that stores the measured speed and error of each precision on this machine.

    Returns:
        The path of the file. It need not exist.
    """
    return cache_folder() / "precision.json"


def memory_bytes() -> int | None:
    """Return the memory that this process may use. Inside a container this can be less than the machine has.

    Returns:
        The number of bytes; None when the platform does not tell it.
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
    """List the instruction sets of this CPU that determine how fast a net runs.

    Returns:
        For example ``("avx2", "avx512f", "amx_bf16")``; empty when the platform does not tell them.
    """
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ()
    flags = next((line.split() for line in text.splitlines() if line.startswith(("flags", "Features"))), [])
    return tuple(name for name in _WORTH_KNOWING if name in flags)


def hardware() -> dict[str, object]:
    """Describe the hardware that determines how fast nets run, as JSON values. This imports TensorFlow to list accelerators.

    Returns:
        The number of cores, the instruction sets, and the names of GPUs and TPUs.

    Example:
        >>> sorted(hardware())
        ['accelerators', 'cores', 'instruction_sets']
    """
    import tensorflow as tf

    devices = [device for device in tf.config.list_physical_devices() if device.device_type != "CPU"]
    names = [str(tf.config.experimental.get_device_details(device)) for device in devices]
    return {"cores": cores(), "instruction_sets": list(instruction_sets()), "accelerators": names}


def may_gain_from_half_precision() -> bool:
    """Say whether bfloat16 or float16 may be faster than float32 here.

    Returns:
        False on a CPU without an instruction for them, where they are converted to float32 and back. True with an accelerator,
        and where the platform does not list the instructions.
    """
    found = hardware()
    flags: Any = found["instruction_sets"]
    return bool(found["accelerators"]) or not flags or any(name in flags for name in _HALF_PRECISION)


@cache
def multiplications_a_second() -> float:
    """Measure how fast this machine multiplies in float32, on the device that TensorFlow prefers. This takes well under a second.

    Returns:
        The number of multiplications in a second, in the product of two matrices of shape (1024, 1024), the best of three.

    Example:
        >>> multiplications_a_second() > 1e8
        True
    """
    import tensorflow as tf

    matrix = tf.ones((_WIDTH, _WIDTH))
    tf.matmul(matrix, matrix).numpy()  # the first product also starts the device
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        tf.matmul(matrix, matrix)[0, 0].numpy()
        seconds.append(time.perf_counter() - begun)
    return _WIDTH**3 / min(seconds)


def release_memory() -> None:
    """Return freed memory to the operating system.

    On Linux, the C library keeps freed memory for the thread that freed it: up to hundreds of megabytes after a large image. On
    other systems this function does nothing.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # a C library without this function
            ctypes.CDLL(None).malloc_trim(0)
