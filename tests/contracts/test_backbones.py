"""The laws that every backbone of pictures must pass; a new row of a table inherits them. Texts: test_text_backbones.py."""

import re
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import keras
import numpy as np
import pytest
from keras.src.applications import imagenet_utils

import tfft
from tfft.backbones.handles import names
from tfft.backbones.keras_applications import ARCHITECTURES
from tfft.backbones.keras_hub.encoders import FAMILIES
from tfft.backbones.keras_hub.presets import ARCHITECTURES as PRESETS
from tfft.backbones.keras_hub.scratch import SIZES
from tfft.backbones.packages import PACKAGES
from tfft.core.blocks import assign_blocks
from tfft.core.errors import BackboneError
from tfft.models.assembly import TransferModel, build
from tfft.trainable.policy import apply, last_blocks

SMALLEST = {"toy": 8, "tfft_mini": 32} | {name: row.min_size for name, row in ARCHITECTURES.items()}
NORMS = ("BatchNormalization", "LayerNormalization", "Normalization")


@dataclass(frozen=True)
class Built:
    """One net, and what can be said of it before any policy was applied."""

    name: str
    model: TransferModel
    learnable: frozenset[int]


@pytest.fixture(scope="module", params=[name for source, name in names() if source in ("tfft", "keras", "toy")])
def built(request: pytest.FixtureRequest) -> Iterator[Built]:
    options = {} if request.param == "toy" else {"weights": None}
    described = tfft.load_backbone(request.param, size=SMALLEST[request.param], **options)
    learnable: list[int] = []
    load = described.loader

    def loader(seed: int) -> keras.Model:
        net = load(seed)
        learnable.extend(id(variable) for variable in net.trainable_variables)
        return net

    object.__setattr__(described, "loader", loader)
    model = build(described, tfft.tasks.classification(["ants", "bees"]))
    yield Built(request.param, model, frozenset(learnable))
    keras.backend.clear_session()


def test_every_name_is_held_to_the_laws_of_pictures_or_of_texts() -> None:
    """A preset is held to those of its family, and described below."""
    covered = [*SMALLEST, *SIZES, *PRESETS, *PACKAGES]
    assert sorted(name for _, name in names()) == sorted(covered)
    assert {family for family, _ in PRESETS.values()} == set(FAMILIES)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_described_without_the_network(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("asked the network"))
    described = tfft.load_backbone(name)
    family = FAMILIES[PRESETS[name][0]]
    assert described.blocks == family.blocks(PRESETS[name][1])
    assert (described.features.kind, described.features.masked) == ("sequence", True)
    assert described.features.pooling == family.pooling
    assert (described.preprocessor.length, described.preprocessor.segments) == (family.length, family.segments)
    assert tfft.load_backbone(described.handle, **dict(described.options)) == described
    assert tfft.load_backbone(name, weights=None, length=128).preprocessor.length == 128


def test_every_row_builds_at_its_smallest_size_and_emits_a_map(built: Built) -> None:
    net = built.model.backbone_net
    assert net.name == "backbone"
    assert net.input_shape == (None, SMALLEST[built.name], SMALLEST[built.name], 3)
    assert len(net.output_shape) == 4
    assert min(net.output_shape[1:]) >= 1
    assert built.model.net.output_shape == (None, 2)
    assert built.model.backbone.features.kind == "map"


def test_blocks_cover_the_net_in_order_and_each_holds_weights(built: Built) -> None:
    net, blocks = built.model.backbone_net, built.model.backbone.blocks
    block_of = assign_blocks(net, blocks)
    order = [block.name for block in blocks]
    assert list(block_of) == [layer.name for layer in net.layers]
    positions = [order.index(name) for name in block_of.values()]
    assert positions == sorted(positions)
    for name in order:
        held = [v for layer in net.layers if block_of[layer.name] == name for v in layer.weights]
        assert any(id(v) in built.learnable for v in held), f"{name} holds no weight"


def test_a_net_can_be_cut_after_every_block(built: Built) -> None:
    net = built.model.backbone_net
    block_of = assign_blocks(net, built.model.backbone.blocks)
    for block in built.model.backbone.blocks[:-1]:
        ends = [layer for layer in net.layers if block_of[layer.name] == block.name]
        # the sum that ends a stage of ConvNeXt is a bare operation, no layer
        following = net.layers[net.layers.index(ends[-1]) + 1]
        cut = [following.input if "convnext" in built.name else ends[-1].output]
        if built.name == "nasnet_mobile":
            # its cells read the two cells before them; both are then the cut
            with pytest.raises(ValueError, match=r"not connected"):
                keras.Model(cut, net.output)
            cut.append(_cell_before(net, ends[-1].name))
        tail = keras.Model(cut, net.output)
        later = {id(v) for layer in net.layers for v in layer.weights if _after(block_of, layer.name, block.name)}
        assert {id(v) for v in tail.weights} == later


def _cell_before(net: keras.Model, name: str) -> keras.KerasTensor:
    before = {"reduction_concat_stem_2": "reduction_concat_stem_1"}
    number = re.fullmatch(r"normal_concat_(\d+)", name)
    return net.get_layer(before[name] if number is None else f"normal_concat_{int(number[1]) - 1}").output


def _after(block_of: dict[str, str], layer: str, block: str) -> bool:
    order = list(dict.fromkeys(block_of.values()))
    return order.index(block_of[layer]) > order.index(block)


@pytest.mark.parametrize("train_norms", [False, True])
def test_last_blocks_trains_exactly_the_weights_of_those_blocks(built: Built, train_norms: bool) -> None:
    model = built.model
    net, blocks = model.backbone_net, model.backbone.blocks
    block_of = assign_blocks(net, blocks)
    for count in range(1, len(blocks) + 1):
        chosen = {block.name for block in blocks[-count:]}
        wanted = {
            id(variable)
            for layer in net.layers
            if block_of[layer.name] in chosen
            for part in layer._flatten_layers()
            if train_norms or type(part).__name__ not in NORMS
            for variable in part._trainable_variables
        }
        assert wanted <= built.learnable
        apply(last_blocks(count), net, blocks, model.head_net, train_norms)
        assert {id(variable) for variable in net.trainable_variables} == wanted
        assert len(model.head_net.trainable_variables) == 2


def test_more_blocks_than_there_are_is_refused(built: Built) -> None:
    count = len(built.model.backbone.blocks)
    with pytest.raises(tfft.trainable.policy.PlanError, match=rf"last_blocks\({count + 1}\).*at most {count}"):
        built.model.apply(last_blocks(count + 1))


def test_the_pixel_range_inside_the_net_is_what_keras_preprocesses_to(built: Built) -> None:
    if built.name not in ARCHITECTURES:
        pytest.skip("only nets of keras.applications have a preprocess_input to compare with")
    layers = built.model.net.layers
    fed = layers[[layer.name for layer in layers].index("backbone") - 1].output
    pixels = np.random.default_rng(0).integers(0, 256, (2, *built.model.net.input_shape[1:])).astype("float32")
    module = sys.modules[getattr(keras.applications, ARCHITECTURES[built.name].function).__module__]
    if ARCHITECTURES[built.name].pixel_range == "raw":
        assert fed is built.model.net.inputs[0]
        np.testing.assert_array_equal(module.preprocess_input(pixels.copy()), pixels)
        assert {type(layer).__name__ for layer in built.model.backbone_net.layers} & {"Rescaling", "Normalization"}
        return
    inside = np.asarray(keras.Model(built.model.net.inputs, fed)(pixels))
    np.testing.assert_allclose(inside, module.preprocess_input(pixels.copy()), rtol=1e-5, atol=1e-5)


def test_block_membership_agrees_with_the_names_keras_gave_the_layers(built: Built) -> None:
    net, blocks = built.model.backbone_net, built.model.backbone.blocks
    told = [(layer, _told(built.name, layer.name, len(blocks))) for layer in net.layers if layer.weights]
    if not any(number is not None for _, number in told):
        pytest.skip(f"the layers of {built.name} have no telling names")
    block_of = assign_blocks(net, blocks)
    order = [block.name for block in blocks]
    wrong = {layer.name: block_of[layer.name] for layer, n in told if order.index(block_of[layer.name]) != n}
    assert wrong == {}


def _told(name: str, layer: str, count: int) -> int | None:
    """Position of the block that a layer's name tells of; for families whose weighted layers all have telling names."""
    first, last = 0, count - 1
    rules: dict[str, list[tuple[str, int | list[int]]]] = {
        "vgg": [(r"block(\d)_", -1)],
        "toy": [(r"block(\d)_", -1)],
        "tfft_mini": [(r"block(\d)_", -1)],
        "resnet": [(r"conv(\d)_", -1), ("post_bn", last)],
        "densenet": [(r"(?:conv|pool)(\d)_", -1), ("bn$", last)],
        "convnext": [
            (r".*_stage_(\d)_", 0),
            (r".*downsampling_block_(\d)", 1),
            (".*_stem", first),
            (r"layer_nor", last),
        ],
        "efficientnet": [(r"block(\d)[a-z]_", -1), ("stem_|normalization", first), ("top_", last)],
        "mobilenet_v2": [(r"block_(\d+)_", [0, 3, 6, 10, 13]), ("Conv1|bn_Conv1|expanded", first), ("Conv_1", last)],
        "mobilenet_v3_small": [(r"expanded_conv_(\d+)_", [0, 3, 6, 8]), ("conv_1", last), ("conv|expanded", first)],
        "mobilenet_v3_large": [
            (r"expanded_conv_(\d+)_", [0, 3, 6, 10, 12]),
            ("conv_1", last),
            ("conv|expanded", first),
        ],
        "mobilenet": [(r"conv_\w+_(\d+)", [1, 2, 4, 6, 12]), ("conv1", first)],
        "nasnet": [(".*stem", first), (r".*_reduce_(\d+)$", [0, 4, 8]), (r".*_(\d+)$", [0, 5, 9])],
    }
    family = max((family for family in rules if name.startswith(family)), key=len, default=None)
    for pattern, where in rules[family] if family else []:
        found = re.match(pattern, layer)
        if not found:
            continue
        if isinstance(where, list):
            # the numbers at which a block begins, after a stem; MobileNet has none
            return sum(int(found[1]) >= start for start in where) - (name == "mobilenet")
        return where + int(found[1]) if found.groups() else where
    return None


@pytest.mark.parametrize("name", SMALLEST)
def test_a_size_below_the_smallest_is_refused(name: str) -> None:
    too_small = SMALLEST[name] - 1
    options = {} if name == "toy" else {"weights": None}
    with pytest.raises(BackboneError, match=rf"at least {SMALLEST[name]} pixels.*size {too_small} x") as caught:
        tfft.load_backbone(name, size=too_small, **options)
    assert f"size={SMALLEST[name]}" in caught.value.fix


class _AskedError(Exception):
    """Stops a builder of Keras when it says which sizes it takes."""


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if "mobilenet_v3" not in name])
def test_default_and_smallest_size_are_those_of_keras(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def obtain_input_shape(shape: object, default_size: int, min_size: int, **rest: object) -> None:
        raise _AskedError(default_size, min_size)

    monkeypatch.setattr(imagenet_utils, "obtain_input_shape", obtain_input_shape)
    with pytest.raises(_AskedError) as asked:
        getattr(keras.applications, ARCHITECTURES[name].function)(weights=None, include_top=False)
    assert asked.value.args == (ARCHITECTURES[name].size, ARCHITECTURES[name].min_size)
    default = tfft.load_backbone(name, weights=None).preprocessor
    assert (default.height, default.width) == (ARCHITECTURES[name].size, ARCHITECTURES[name].size)


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "mobilenet_v3_large"])
def test_mobilenet_v3_sizes_are_those_of_keras(name: str) -> None:
    make = getattr(keras.applications, ARCHITECTURES[name].function)
    with pytest.raises(ValueError, match=r"at least 32x32"):
        make(weights=None, include_top=False, input_shape=(31, 31, 3))
    assert (ARCHITECTURES[name].size, ARCHITECTURES[name].min_size) == (224, 32)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, row in ARCHITECTURES.items() if row.alphas])
def test_alpha_changes_the_width(name: str) -> None:
    narrow, default, wide = (
        tfft.load_backbone(name, weights=None, size=32, alpha=alpha).load().count_params()
        for alpha in (ARCHITECTURES[name].alphas[0], None, 1.5)
    )
    assert narrow < default < wide
    keras.backend.clear_session()


@pytest.mark.parametrize("name", [name for name, row in ARCHITECTURES.items() if not row.alphas])
def test_alpha_is_refused_where_the_family_has_none(name: str) -> None:
    with pytest.raises(
        BackboneError, match=rf"'{name}' takes no option 'alpha'\. There are: 'fit', 'size', 'weights'\."
    ):
        tfft.load_backbone(name, weights=None, alpha=0.5)


def test_the_table_holds_what_was_promised() -> None:
    promised = """VGG16 VGG19 ResNet50 ResNet101 ResNet152 ResNet50V2 ResNet101V2 ResNet152V2 InceptionV3 InceptionResNetV2
    Xception MobileNet MobileNetV2 MobileNetV3Small MobileNetV3Large DenseNet121 DenseNet169 DenseNet201 NASNetMobile
    EfficientNetB0 EfficientNetB1 EfficientNetB2 EfficientNetB3 EfficientNetV2B0 EfficientNetV2B1 EfficientNetV2B2
    EfficientNetV2B3 EfficientNetV2S ConvNeXtTiny ConvNeXtSmall"""
    assert {row.function for row in ARCHITECTURES.values()} == set(promised.split())
