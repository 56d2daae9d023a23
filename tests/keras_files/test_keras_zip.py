"""A .keras file that Keras wrote is accepted. Hostile ones are in tests/attacks/test_bundles.py."""

from pathlib import Path

import keras
import pytest

from tfft.core.errors import BundleError
from tfft.keras_files.keras_zip import check_outputs, graphs, room_for_weights


@pytest.fixture
def path(tmp_path: Path) -> Path:
    net = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(3), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
    )
    net.compile("adam", "mse")
    net.save(tmp_path / "net.keras")
    return tmp_path / "net.keras"


def test_a_file_that_keras_wrote_is_accepted_and_loads(path: Path) -> None:
    assert list(graphs(path, "'m.tfft'")) == []
    with room_for_weights(path, "'m.tfft'"):
        net = keras.saving.load_model(path, compile=False)
    check_outputs(net, "'m.tfft'")
    assert net.count_params() == 39


def test_variables_are_counted_before_they_take_memory(path: Path) -> None:
    with (
        pytest.raises(BundleError, match="needs more memory than its weights file explains"),
        room_for_weights(path, "'m.tfft'"),
    ):
        keras.layers.Dense(10**9).build((None, 10**6))
    with room_for_weights(path, "'m.tfft'"):
        keras.layers.Dense(1000).build((None, 1000))
    keras.layers.Dense(10).build((None, 10))


def test_the_limit_on_outputs_can_be_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    net = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.UpSampling2D(2)])
    monkeypatch.setenv("TFFT_MAX_NET_VALUES", "700")
    with pytest.raises(BundleError, match=r"768 values are more than the limit.*TFFT_MAX_NET_VALUES=768"):
        check_outputs(net, "'m.tfft'")
    monkeypatch.setenv("TFFT_MAX_NET_VALUES", "768")
    check_outputs(net, "'m.tfft'")
