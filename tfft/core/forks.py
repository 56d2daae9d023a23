"""A clear error in a process that was forked after TensorFlow had started: its threads are missing there, and it waits forever."""

import os
import sys

from tfft.core.errors import TfftError

_started: int | None = None  # the process in which TensorFlow was first used by tfft
_dead = False  # whether this process is a fork of one in which TensorFlow ran


def check() -> None:
    """Call before TensorFlow computes anything.

    Raises:
        TfftError: When this process was forked (``os.fork``, ``multiprocessing`` with ``"fork"``, ``gunicorn --preload``) from one
            in which TensorFlow had already run.

    Example:
        >>> check()  # not a fork
    """
    global _started
    if _started is None and not _dead:
        _started = os.getpid()
    if _dead or _started != os.getpid():
        raise TfftError(
            "TensorFlow cannot run in this process: it was forked from a process in which TensorFlow had already started, "
            "and would wait forever.",
            f"process {os.getpid()}, forked from {_started or os.getppid()}",
            'Start processes with multiprocessing.get_context("spawn"), or call tfft for the first time after the fork '
            "(with gunicorn, load the bundle in each worker, without --preload).",
        )


def _after_fork() -> None:
    global _dead
    # TensorFlow may have been started by the user's own code, which `check` did not see
    context = sys.modules.get("tensorflow.python.eager.context")
    running = getattr(getattr(context, "_context", None), "_initialized", False)
    _dead = _dead or _started is not None or running


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_after_fork)
