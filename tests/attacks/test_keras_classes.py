"""Configurations that could make Keras run, read, write or download anything are refused before Keras reads them."""

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import pytest
from keras.src.backend.common import global_state

import tfft
from tfft.core.errors import BundleError, WeightsError

Attack = Callable[[Callable[[], Any]], Any]
RAN: list[Any] = []


@keras.saving.register_keras_serializable("evil")
class Runner(keras.layers.Layer):
    """A registered class that does more than compute."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        RAN.append(options)

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs


@keras.saving.register_keras_serializable("evil")
def run(inputs: Any) -> Any:
    """A registered function."""
    RAN.append(inputs)
    return inputs


def layer(name: str, module: str | None = "keras.layers", registered: Any = None, **config: Any) -> dict[str, Any]:
    """The configuration of a class, as Keras writes it."""
    return {"module": module, "class_name": name, "config": config, "registered_name": registered}


def function(name: str, module: str = "builtins", registered: str = "function") -> dict[str, Any]:
    """The configuration of a function, as Keras writes it."""
    return {"module": module, "class_name": "function", "config": name, "registered_name": registered}


def dense(**config: Any) -> dict[str, Any]:
    """The configuration of a harmless layer with one changed option."""
    return layer("Dense", units=2, **config)


HOSTILE = {
    "Lambda": layer("Lambda", function={"class_name": "__lambda__", "config": {"value": "4wEAAA=="}}),
    "a lambda as activation": dense(activation={"class_name": "__lambda__", "config": {"value": "4wEAAA=="}}),
    "Lambda as of old": {"class_name": "Lambda", "config": {"function": ["4wEAAA==", None, None], "name": "a"}},
    "Lambda of another module": layer("Lambda", "keras.src.layers.core.lambda_layer"),
    "a SavedModel": layer("TFSMLayer", filepath="/tmp/evil", call_endpoint="serve"),
    "JAX": layer("JaxLayer", call_fn="x"),
    "Flax": layer("FlaxLayer", module="x"),
    "Torch": layer("TorchModuleWrapper", module="x"),
    "words of a file": layer("StringLookup", vocabulary="{secret}"),
    "numbers of a file": layer("IntegerLookup", vocabulary="{secret}"),
    "texts of a file": layer("TextVectorization", vocabulary="{secret}"),
    "a file as base of them": layer("IndexLookup", "keras.src.layers.preprocessing.index_lookup", vocabulary="{secret}"),
    "a space of features": layer("FeatureSpace", "keras.utils"),
    "words of KerasHub": layer("WordPieceTokenizer", "keras_hub.tokenizers", "keras_hub>WordPieceTokenizer", vocabulary="{secret}"),
    "pieces of KerasHub": layer(
        "SentencePieceTokenizer", "keras_hub.src.tokenizers.sentence_piece_tokenizer", "keras_hub>SentencePieceTokenizer"
    ),
    "a task of KerasHub": layer("BertTextClassifier", "keras_hub.models", "keras_hub>BertTextClassifier"),
    "a backbone of KerasHub": layer("BertBackbone", "keras_hub.models", "keras_hub>BertBackbone"),
    "a net that is downloaded": layer("VGG16", "keras.applications"),
    "the same as activation": dense(activation=function("VGG16", "keras.applications")),
    "a download": dense(activation=function("get_file", "keras.utils")),
    "unsafe from now on": dense(activation=function("enable_unsafe_deserialization", "keras.config")),
    "a drawing on disk": dense(activation=function("plot_model", "keras.utils")),
    "a file to load": dense(activation=function("load_model", "keras.models")),
    "an operation with a function": layer("Map", "keras.src.ops.core", "Map"),
    "a loop": layer("WhileLoop", "keras.src.ops.core", "WhileLoop", cond="x", body="x"),
    "a module of Python": layer("Popen", "subprocess", args="touch x"),
    "a function of Python": dense(activation=function("eval")),
    "evaluation of Python": layer("eval", "builtins"),
    "any class of Keras": layer("ModelCheckpoint", "keras.callbacks", filepath="/tmp/evil"),
    "a class behind a name of Keras": layer("Dense", "keras.layers", "evil>Runner"),
    "a registered class": layer("Runner", "tests.attacks.test_keras_classes", "evil>Runner"),
    "a registered class without module": layer("Runner", None, "evil>Runner"),
    "a registered function": dense(activation=function("evil>run", "tests.attacks.test_keras_classes", "evil>run")),
    "a registered function by name": dense(activation="evil>run"),
    "a registered class as initializer": dense(kernel_initializer="evil>Runner"),
    "a registered class as policy": dense(dtype=layer("Runner", "keras", "evil>Runner")),
    "inside of a wrapper": layer("TimeDistributed", layer=layer("Runner", None, "evil>Runner")),
    "inside of a pipeline": layer("Pipeline", layers=[layer("TFSMLayer")]),
    "inside of a cell": layer("RNN", cell=layer("StackedRNNCells", cells=[layer("Runner", None, "evil>Runner")])),
    "inside of a build": dense() | {"build_config": layer("Runner", None, "evil>Runner")},
    "inside of a training": dense() | {"compile_config": {"loss": function("evil>run", registered="evil>run")}},
    "a type": dense(
        dtype={"class_name": "__typespec__", "spec_name": "run", "module": "x", "config": [], "registered_name": "evil>run"}
    ),
    "an enormous array": dense(mean={"class_name": "__numpy__", "config": {"value": ["a"], "dtype": "<U900000000"}}),
    "a name that is no text": layer("Dense") | {"class_name": ["Dense"]},
    "a module that is no text": layer("Dense") | {"module": {"a": 1}},
    "a function of tfft in place of a layer": layer("read", "tfft.savedmodel.saved_layer", "tfft>read"),
    "a module of tfft": layer("extracted", "tfft.savedmodel.graph_bytes"),
}  # fmt: skip


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = tfft.build("toy", tfft.tasks.classification(["ants", "bees"]))
    return tfft.export(model, tmp_path_factory.mktemp("bundle") / "m.tfft")


@pytest.fixture
def told_to_allow() -> Iterator[None]:
    """Turn on Keras' unsafe deserialization, and restore the previous state afterwards, for which Keras has no public function."""
    keras.config.enable_unsafe_deserialization()
    yield
    global_state.set_global_attribute("safe_mode_saving", None)
    RAN.clear()


def with_layer(bundle: Path, folder: Path, part: Any) -> Path:
    """Make a copy of the bundle with an additional layer in its configuration."""
    folder.mkdir()
    for path in bundle.iterdir():
        if path.name != "net.keras":
            (folder / path.name).write_bytes(path.read_bytes())
    with zipfile.ZipFile(bundle / "net.keras") as old, zipfile.ZipFile(folder / "net.keras", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                config["config"]["layers"].append(part | {"name": "evil", "inbound_nodes": []})
                content = json.dumps(config).encode()
            new.writestr(name, content)
    return folder


@pytest.mark.usefixtures("told_to_allow")
@pytest.mark.parametrize("part", HOSTILE.values(), ids=HOSTILE)
def test_a_class_that_could_do_more_than_compute_is_refused(
    attack: Attack, outside: Path, bundle: Path, tmp_path: Path, part: dict[str, Any]
) -> None:
    part = json.loads(json.dumps(part).replace("{secret}", str(outside / "secret.txt")))
    path = with_layer(bundle, tmp_path / "evil.tfft", part)
    found = attack(lambda: tfft.load(path))
    assert isinstance(found, BundleError)
    assert found.what.startswith(f"The net in {str(path)!r} contains ")
    assert "Find out where the file comes from" in found.fix
    assert not RAN


FROM_ELSEWHERE = {name: part for name, part in HOSTILE.items() if "evil>" not in json.dumps(part)}


@pytest.mark.usefixtures("told_to_allow")
@pytest.mark.parametrize("part", FROM_ELSEWHERE.values(), ids=FROM_ELSEWHERE)
def test_a_keras_file_as_a_backbone_is_checked_like_a_bundle(
    attack: Attack, outside: Path, bundle: Path, tmp_path: Path, part: dict[str, Any]
) -> None:
    part = json.loads(json.dumps(part).replace("{secret}", str(outside / "secret.txt")))
    path = with_layer(bundle, tmp_path / "evil.tfft", part) / "net.keras"
    found = attack(lambda: tfft.load_backbone(str(path)))
    assert isinstance(found, WeightsError)
    assert found.what.startswith(f"The net in {str(path)!r} contains ")
    assert "register_keras_serializable" in found.fix


@pytest.mark.usefixtures("told_to_allow")
@pytest.mark.parametrize("name", ["Lambda", "a SavedModel", "words of a file"])
def test_the_compile_configuration_of_a_net_is_not_created(
    attack: Attack, outside: Path, tmp_path: Path, name: str
) -> None:
    net = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(4, 3)])
    net.compile("adam", "mse", metrics=["mae"])
    net.save(tmp_path / "plain.keras")
    part = json.loads(json.dumps(HOSTILE[name]).replace("{secret}", str(outside / "secret.txt")))
    with zipfile.ZipFile(tmp_path / "plain.keras") as old, zipfile.ZipFile(tmp_path / "net.keras", "w") as new:
        for member in old.namelist():
            content = old.read(member)
            if member == "config.json":
                config = json.loads(content)
                config["compile_config"]["metrics"] = [part]
                content = json.dumps(config).encode()
            new.writestr(member, content)
    found = attack(lambda: tfft.load_backbone(str(tmp_path / "net.keras")).pixel_range)
    assert found == "raw"


SHADOWS = {
    "Dense": Runner,
    "relu": run,
    "Zeros": Runner,
    "GlorotUniform": Runner,
    "DTypePolicy": Runner,
    "Functional": Runner,
}


@pytest.mark.usefixtures("told_to_allow")
@pytest.mark.parametrize("name", SHADOWS)
def test_a_keras_name_with_another_meaning_is_refused(attack: Attack, bundle: Path, tmp_path: Path, name: str) -> None:
    path = with_layer(bundle, tmp_path / "evil.tfft", dense(activation="relu"))
    with keras.saving.custom_object_scope({name: SHADOWS[name]}):
        found = attack(lambda: tfft.load(path))
    assert isinstance(found, BundleError)
    assert "contains" in found.what
    assert not RAN


@keras.saving.register_keras_serializable("own")
class Doubled(keras.layers.Layer):
    """A layer that its user trusts."""

    def call(self, inputs: Any) -> Any:
        """Return twice the inputs."""
        return inputs * 2


def test_own_classes_are_read_if_the_caller_passes_them(tmp_path: Path) -> None:
    image = keras.Input((16, 16, 3))
    pixels = keras.layers.Rescaling(1 / 255, name="range")(image)
    net = keras.Model(image, keras.layers.Conv2D(2, 3, name="map")(Doubled(name="twice")(pixels)))
    path = tfft.export(tfft.build(net, tfft.tasks.classification(["ants", "bees"])), tmp_path / "m.tfft")
    with pytest.raises(BundleError, match="own_classes"):
        tfft.load(path)
    with pytest.raises(BundleError, match="own_classes"):
        tfft.load(path, own_classes=[Runner])
    assert tfft.load(path, own_classes=[Doubled]).net.get_layer("backbone").get_layer("twice")
