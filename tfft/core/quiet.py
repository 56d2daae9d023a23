"""Start TensorFlow without its start-up messages, in processes of the ``tfft`` command."""

import os
import sys
import tempfile


def start_tensorflow() -> None:
    """Import TensorFlow and let it look for devices. Its output on stderr is hidden unless the import fails.

    TensorFlow 2.21 writes several lines about oneDNN and missing CUDA drivers from C code, before its log settings apply. On a
    command line they bury the answer. Later, TensorFlow logs harmless messages as errors (for example, that oneDNN does not support
    64-bit integers). They are hidden too, because real errors raise exceptions. Only the ``tfft`` command calls this function.

    Raises:
        ImportError: When TensorFlow cannot be imported. Its output is then shown.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    own = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        failed = True
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()
            failed = False
        finally:
            os.dup2(own, 2)
            os.close(own)
            if failed:
                notes.seek(0)
                sys.stderr.write(notes.read().decode(errors="replace"))
