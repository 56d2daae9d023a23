"""Raise a clear error in a process that was forked after TensorFlow started: its threads are missing, and it would wait forever."""

import os
import sys

from tfft.core.errors import TfftError

_started: int | None = None  # the process in which tfft first used TensorFlow
_dead = False  # whether this process is a fork of a process in which TensorFlow ran


def check() -> None:
    """Check for a fork. Call it before TensorFlow computes anything.

    Raises:
        TfftError: When TensorFlow had already run in the parent before this process was forked (``os.fork``, ``multiprocessing``
            with ``"fork"``, ``gunicorn --preload``).

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
    # the user's own code may have started TensorFlow without calling `check`
    context = sys.modules.get("tensorflow.python.eager.context")
    running = getattr(getattr(context, "_context", None), "_initialized", False)
    _dead = _dead or _started is not None or running


if hasattr(os, "register_at_fork"):  # Windows cannot fork
    os.register_at_fork(after_in_child=_after_fork)
