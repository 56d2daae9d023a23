"""Read the weights in the ``.safetensors`` files of a preset: first names and shapes, then the values of one tensor at a time."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from tfft.backbones.keras_hub.hub_files import shards
from tfft.backbones.keras_hub.preset_files import located
from tfft.core import regular_files
from tfft.core.errors import WeightsError

FILE, INDEX = "model.safetensors", "model.safetensors.index.json"
_FLOATS = ("F64", "F32", "F16", "BF16")


class Tensors(ExitStack):
    """A context that keeps the weight files of a preset open and reads their tensors.

    Args:
        preset: ``hf://owner/model``, or a folder.

    Attributes:
        shapes: Name -> shape.

    Raises:
        WeightsError: When a file is missing, damaged or outside of the preset, or two files hold tensors with the same name.

    Example:
        >>> import tempfile, numpy as np
        >>> from safetensors.numpy import save_file
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_file({"a": np.ones((2, 3), "float16")}, f"{folder}/model.safetensors")
        ...     with Tensors(folder) as tensors:
        ...         print(dict(tensors.shapes), tensors.read("a").dtype)
        {'a': (2, 3)} float32
    """

    def __init__(self, preset: str) -> None:
        super().__init__()
        self.preset = preset
        self.shapes: dict[str, tuple[int, ...]] = {}
        self._files: dict[str, Any] = {}
        try:
            for file in self._names():
                self._open(file)
        except BaseException:
            self.close()
            raise

    def read(self, name: str) -> np.ndarray:
        """Read the values of one tensor.

        Args:
            name: A key of ``shapes``.

        Returns:
            float32 values of that shape; half precision is widened, double precision is rounded.

        Raises:
            WeightsError: When the values are not floating-point numbers, or not all of them are finite.
        """
        import ml_dtypes  # noqa: F401  registers bfloat16 with NumPy

        file = self._files[name]
        kind = file.get_slice(name).get_dtype()
        if kind not in _FLOATS:
            raise WeightsError(
                f"The weight {name!r} of {self.preset!r} does not hold floating-point numbers.",
                f"{kind}, shape {self.shapes[name]}",
                "Use weights that are not quantized.",
            )
        values = file.get_tensor(name).astype("float32")
        if not np.isfinite(values).all():
            raise WeightsError(
                f"The weight {name!r} of {self.preset!r} holds values that are not finite.",
                f"{np.count_nonzero(~np.isfinite(values)):,} of {values.size:,}",
                "Copy the model again. If its file does not change, the training of this model failed.",
            )
        return np.asarray(values)

    def _names(self) -> list[str]:
        """Return the names of the files that hold the tensors."""
        if _is_there(self.preset, FILE):
            return [FILE]
        return shards(self.preset, INDEX, ".safetensors")

    def _open(self, file: str) -> None:
        from safetensors import SafetensorError, safe_open

        try:
            path = located(self.preset, file)
            regular_files.size_of(path)
            opened = self.enter_context(safe_open(path, framework="np"))
        except (SafetensorError, OSError) as error:
            missing = isinstance(error, FileNotFoundError)
            raise WeightsError(
                f"{file!r} of {self.preset!r} {'is missing' if missing else f'cannot be read: {error}'}.",
                fix="Copy the model again; a file may be truncated.",
            ) from None
        for name in opened.keys():  # noqa: SIM118  it is not a mapping
            if name in self.shapes:
                raise WeightsError(
                    f"Two files of {self.preset!r} hold the weight {name!r}.", fix="Delete the files of the older save."
                )
            self.shapes[name] = tuple(opened.get_slice(name).get_shape())
            self._files[name] = opened


def check_weights(preset: str) -> None:
    """Refuse weights that lie outside of the preset, or are not regular files, before KerasHub reads them.

    Args:
        preset: ``hf://owner/model``, or a folder.

    Raises:
        WeightsError: When the index names other files than those beside it.
        OSError: When a file cannot be read.
    """
    # KerasHub prefers the index
    names = shards(preset, INDEX, ".safetensors") if _is_there(preset, INDEX) else [FILE]
    for name in names:
        regular_files.size_of(located(preset, name))


def _is_there(preset: str, file: str) -> bool:
    from keras_hub.src.utils.preset_utils import check_file_exists

    return Path(preset, file).exists() or (not Path(preset).is_dir() and bool(check_file_exists(preset, file)))
