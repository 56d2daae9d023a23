"""Start TensorFlow without its start-up notes, in a process that is ours."""

import os
import sys
import tempfile


def start_tensorflow() -> None:
    """Import TensorFlow and let it look for devices, keeping what it writes to stderr back unless the import fails.

    TensorFlow 2.21 writes half a dozen lines about oneDNN and absent CUDA drivers at the level of the C library, before any of
    its own log settings apply; on a command line they bury the answer. Later ones (that oneDNN does not know 64-bit integers) it
    calls errors, and goes on; what is one becomes an exception. Only the ``tfft`` command calls this.

    Raises:
        ImportError: When TensorFlow cannot be imported; what it wrote is then shown.
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
