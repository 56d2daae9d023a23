"""Keep harmless notes of TensorFlow off the screen: those of its start, and false alarms about retracing."""

import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_NOTE = re.compile(
    r"WARNING: All log messages before absl|[IWE]\d{4} \d\d:\d\d:|\d{4}-\d\d-\d\d \d\d:\d\d:.*: [IWE] "
    r"|To enable the following instructions:|Skipping registering GPU devices"
)


def start_tensorflow() -> None:
    """Import TensorFlow and let it look for devices. Its start-up notes are hidden unless the import fails.

    TensorFlow 2.21 writes half a dozen lines about oneDNN and missing CUDA drivers from its C library, before any log setting of
    its own applies. Later it also logs harmless messages as errors; real errors raise. So this function sets the environment
    variable ``TF_CPP_MIN_LOG_LEVEL`` to 3, unless it is already set. With the value 0, nothing is hidden.

    tfft calls this function when it first uses TensorFlow, never when tfft is imported. It does nothing when TensorFlow has
    already been imported: its notes are then already on the screen.

    Raises:
        ImportError: When TensorFlow cannot be imported; everything that it wrote is then shown.
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault(_LEVEL, "3")
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
        own = os.dup(2)
    except OSError:  # a process without an error stream
        own = -1
    if own < 0 or os.environ[_LEVEL] == "0":
        _start()
    else:
        _start_hiding(own)
    if own >= 0:
        os.close(own)


def _start() -> None:
    import tensorflow as tf

    tf.config.list_physical_devices()


def _start_hiding(own: int) -> None:
    """Start TensorFlow while the error stream of the process goes to a file; ``own`` is a copy of that stream."""
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        failed = False
        try:
            _start()
        except Exception:
            failed = True
            raise
        finally:
            if sys.stderr is not None:
                sys.stderr.flush()
            os.dup2(own, 2)
            notes.seek(0)
            lines = notes.read().decode(errors="replace").splitlines(keepends=True)
            # other threads may have written in the meantime
            shown = "".join(line for line in lines if failed or not _NOTE.match(line))
            if shown and sys.stderr is not None:
                sys.stderr.write(shown)


@contextmanager
def without_false_alarms() -> Iterator[None]:
    """Hide TensorFlow's warning about retracing while one network trains or computes.

    TensorFlow counts the traces of a line of code, not of a function (2.21). Keras makes the training step of every network in the
    same line, so the sixth phase in a process, which has a network of its own and traces it once, is reported as retracing.

    Yields:
        Nothing.

    Example:
        >>> with without_false_alarms():
        ...     logging.getLogger("tensorflow").warning("5 out of the last 6 calls triggered tf.function retracing.")
    """
    logger = logging.getLogger("tensorflow")
    # inside another such context, the outer one removes the filter
    outermost = _is_no_false_alarm not in logger.filters
    logger.addFilter(_is_no_false_alarm)
    try:
        yield
    finally:
        if outermost:
            logger.removeFilter(_is_no_false_alarm)


def _is_no_false_alarm(record: logging.LogRecord) -> bool:
    said = record.getMessage()
    # with several workers, single computations outside of training are eager on purpose
    return not ("triggered tf.function retracing" in said or "eagerly has significant overhead" in said)
