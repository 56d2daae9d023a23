"""The environment that results depend on, besides net and data: tfft's code, library versions, switches and hardware.

::

    sources         a hash of tfft's own code
    decoding        what the pixels of a decoded image depend on
    computing       what the numbers that TensorFlow computes depend on
"""

import os
import platform
import re
import time
from functools import cache
from pathlib import Path
from typing import Any

from tfft.core import fingerprint, machine, versions
from tfft.core.errors import TfftError

_ROOT = Path(__file__).parents[1]
_BEGUN = time.time()
_DECODING = ("tfft", "numpy", "pillow")
_COMPUTING = ("tfft", "keras", "keras-hub", "tensorflow", "tensorflow-text", "numpy", "ml-dtypes", "pillow")
_CODECS = ("jpg", "libjpeg_turbo", "jpg_2000", "webp", "avif", "libtiff", "zlib")
# switches of TensorFlow and its libraries; not every TF_* variable, because Terraform uses this prefix for tokens
_SWITCHES = re.compile(
    "TF_(ENABLE|DISABLE|USE|XLA|CUDNN|CUBLAS|MIOPEN|ROCM|ONEDNN|MKL|SET|OVERRIDE|FP16|FP32|DETERMINISTIC|AUTO|MLIR|GRAPPLER)_.*"
    "|(XLA|ONEDNN|DNNL|MIOPEN|ROCBLAS|CUBLASLT)_.*|MKL_(CBWR|DEBUG_CPU_TYPE|ENABLE_INSTRUCTIONS)|OPENBLAS_CORETYPE"
    "|NVIDIA_TF32_OVERRIDE|CUBLAS_WORKSPACE_CONFIG|TFFT_ACCELERATE_OFF"
)


@cache
def sources(folder: Path = _ROOT) -> str:
    """Hash the source code of tfft, so that results of different code are kept apart; read once per process.

    Args:
        folder: The folder of the package.

    Returns:
        32 hexadecimal digits.

    Raises:
        TfftError: When there is no source code, as in some frozen programs, or when it was edited after this process started, so
            that tfft cannot know which code runs.
    """
    try:
        paths = list(folder.rglob("*.py"))
        edited = max((path.stat().st_mtime for path in paths), default=0.0)
        found = {path.relative_to(folder).as_posix(): fingerprint.digest(path.read_bytes()) for path in paths}
    except OSError as error:
        raise TfftError(f"The source code of tfft cannot be read: {error}.", fix="Install tfft again.") from error
    if not found:
        raise TfftError("The source code of tfft is not there.", repr(str(folder)), "Install tfft as files.")
    if edited > _BEGUN:
        raise TfftError("The source code of tfft was edited after this process began.", fix="Start the process again.")
    return fingerprint.combined(found)


def decoding() -> dict[str, Any]:
    """The environment that the pixels of a decoded image depend on, as JSON values.

    Returns:
        A hash of tfft's code, and the versions of Python, of packages and of Pillow's codecs.

    Raises:
        TfftError: When the code of tfft cannot be read.

    Example:
        >>> sorted(decoding())
        ['codecs', 'sources', 'versions']
    """
    return {"sources": sources(), "versions": _installed(_DECODING), "codecs": _codecs()}


def computing() -> dict[str, Any]:
    """The environment that TensorFlow's results depend on, as JSON values, with the current switches of this process.

    The number of threads is included because it decides the order in which the terms of a product are summed.

    Returns:
        A hash of tfft's code, versions, builds, switches, threads and hardware.

    Raises:
        TfftError: When the code of tfft cannot be read.

    Example:
        >>> computing()["keras"]["floatx"]
        'float32'
    """
    import keras
    import tensorflow as tf

    # TensorFlow 2.21 has no public way to ask for these two; test_environment fails if they change
    from tensorflow.python.framework import config
    from tensorflow.python.util import _pywrap_util_port as port

    hardware = machine.hardware()
    threads = tf.config.threading.get_intra_op_parallelism_threads() or hardware.pop("cores")
    return decoding() | {
        "versions": _installed(_COMPUTING),
        "build": {name: str(value) for name, value in tf.sysconfig.get_build_info().items()},
        "tensorflow": tf.version.GIT_VERSION,
        # the setting in effect, not the variable: TensorFlow reads the variable once, and the default depends on the CPU
        "onednn": bool(port.IsMklEnabled()),
        "switches": {
            "tensor_float_32": tf.config.experimental.tensor_float_32_execution_enabled(),
            "deterministic": config.is_op_determinism_enabled(),
            "jit": str(tf.config.optimizer.get_jit()),
            "optimizer": {name: str(value) for name, value in tf.config.optimizer.get_experimental_options().items()},
        },
        "keras": {
            "floatx": keras.config.floatx(),
            "epsilon": keras.config.epsilon(),
            "data_format": keras.config.image_data_format(),
            "policy": keras.config.dtype_policy().name,
            "flash_attention": str(keras.config.is_flash_attention_enabled()),
        },
        "variables": _variables(),
        "threads": threads,
        "devices": sorted({device.device_type for device in tf.config.get_visible_devices()}),
        "hardware": {name: value for name, value in hardware.items() if name != "cores"} | {"cpu": platform.machine()},
    }


def _variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if _SWITCHES.fullmatch(name)}


@cache
def _installed(packages: tuple[str, ...]) -> dict[str, str]:
    return versions.installed(packages)


@cache
def _codecs() -> dict[str, str]:
    """The libraries inside Pillow; Linux distributions build Pillow with their own."""
    from PIL import features

    return {name: str(features.version(name)) for name in _CODECS}
