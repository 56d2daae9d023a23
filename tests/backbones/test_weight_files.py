"""What a weights file holds is read right in every format."""

import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from tfft.backbones.weight_files import Held, counted, difference, variables_in, variables_of

A, B, C = Held("a", "a/kernel", (3, 4)), Held("b", "b/bias", (4,)), Held("c", "c/kernel", (3, 4))


def trained_net(folder: Path) -> keras.Model:
    inputs = keras.Input((4,))
    x = keras.layers.BatchNormalization(name="norm")(keras.layers.Dense(3, name="one")(inputs))
    net = keras.Model(inputs, keras.layers.Dropout(0.5, name="drop")(x))
    net.compile("adam", "mse", metrics=["mae"])
    net.fit(np.ones((4, 4)), np.ones((4, 3)), verbose=0)
    return net


@pytest.mark.parametrize("file", ["net.h5", "net.weights.h5", "net.keras"])
def test_optimizer_metrics_and_seeds_are_not_counted(file: str, tmp_path: Path) -> None:
    net = trained_net(tmp_path)
    path = tmp_path / file
    (net.save_weights if file.endswith(".weights.h5") else net.save)(path)
    held, in_order = variables_in(str(path))
    assert sorted(item.shape for item in held) == sorted(tuple(v.shape) for v in net.weights)
    assert in_order == (file == "net.h5")
    if in_order:
        assert [item.shape for item in held] == [item.shape for item in variables_of(net)]
        assert [item.layer for item in held] == ["one", "one", "norm", "norm", "norm", "norm"]


def test_long_lists_of_names_are_read_from_their_parts(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "split.h5", "w") as file:
        for number, layer in enumerate(["a", "b"]):
            file.attrs[f"layer_names{number}"] = [layer.encode()]
            group = file.create_group(layer)
            group.attrs["weight_names"] = [b"kernel"]
            group["kernel"] = np.zeros((number + 1, 2))
    assert variables_in(str(tmp_path / "split.h5")) == (
        [Held("a", "kernel", (1, 2)), Held("b", "kernel", (2, 2))],
        True,
    )


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.keras").write_text("hello")
    with pytest.raises(ValueError, match=r"not a \.keras archive"):
        variables_in(str(tmp_path / "net.keras"))
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(KeyError, match=r"model.weights.h5"):
        variables_in(str(tmp_path / "other.keras"))


def test_counted_says_variables_and_values() -> None:
    assert counted([A, B]) == "2 variables (16 values)"


def test_difference_shows_both_sides_and_guesses_the_top() -> None:
    assert difference([A, B], [C]) == (
        "Only in the file: b/bias (4,). Only in the net: nothing. "
        "The file probably includes the original top: use its no_top version."
    )
    assert difference([A], [B, C]).startswith("Only in the file: nothing. Only in the net: b/bias (4,). Check the arch")


def test_long_differences_are_cut_with_a_count() -> None:
    many = [Held(str(i), f"{i}/kernel", (i, 1)) for i in range(20)]
    assert "... (20 in all)" in difference(many, [])
