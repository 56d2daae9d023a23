"""Keras models as backbones: from a file, and from memory."""

import keras
import numpy as np
import pytest

import tfft
from tfft.core.errors import BackboneError, WeightsError


def own(top: bool = True, scaled: bool = True) -> keras.Model:
    """A net of somebody's own: three stages, and perhaps a top."""
    keras.utils.set_random_seed(3)
    x = pixels = keras.Input((16, 16, 3))
    if scaled:
        x = keras.layers.Rescaling(1 / 255)(x)
    for number, width in enumerate((4, 8, 8)):
        x = keras.layers.Conv2D(width, 3, strides=2, padding="same", name=f"conv{number}")(x)
        x = keras.layers.BatchNormalization(name=f"norm{number}")(x)
        x = keras.layers.ReLU(name=f"relu{number}")(x)
    if top:
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
        x = keras.layers.Dense(10, activation="softmax", name="predictions")(x)
    return keras.Model(pixels, x, name="own")


@pytest.fixture
def path(tmp_path):
    own().save(tmp_path / "own.keras")
    return tmp_path / "own.keras"


PIXELS = np.random.default_rng(0).integers(0, 255, (4, 16, 16, 3)).astype(np.float32)


def test_a_file_is_cut_before_its_top_and_its_blocks_are_its_stages(path):
    described = tfft.load_backbone(str(path))
    assert (described.features.kind, described.takes(), described.pixel_range) == ("map", "16x16 pixels", "raw")
    assert [block.pattern for block in described.blocks] == ["relu0$", "relu1$", ""]
    model = tfft.build(described, tfft.tasks.classification(["a", "b"]))
    net = own()
    expected = keras.Model(net.input, net.get_layer("relu2").output).predict(PIXELS, verbose=0)
    np.testing.assert_allclose(model.backbone_net.predict(PIXELS, verbose=0), expected, atol=1e-6)


def test_it_is_cut_at_the_layer_that_is_named(path):
    described = tfft.load_backbone(str(path), layer="pool")
    assert described.features.kind == "vector"
    assert tfft.load_backbone(str(path), layer="relu1").load().output_shape == (None, 4, 4, 8)
    with pytest.raises(BackboneError, match=r"no layer 'relu7'.*'relu0'"):
        tfft.load_backbone(str(path), layer="relu7")


@pytest.mark.slow
def test_two_phases_move_the_last_stage_alone_and_a_bundle_holds_the_net(path, data, tmp_path):
    model = tfft.build(str(path), tfft.tasks.classification(data.labels))
    run = tfft.fit(model, data, tfft.plans.two_phase(1, 1, tune_learning_rate=1e-3), progress=False)
    head, tune = (record.overview for record in run.phases)
    assert {row.block for row in head.rows if row.moved} == {"head"}
    assert {row.path for row in tune.rows if row.moved and row.block != "head"} == {"conv2/kernel", "conv2/bias"}
    predictor = tfft.load(tfft.export(model, tmp_path / "own.tfft"))
    np.testing.assert_array_equal(predictor.net.predict(PIXELS, verbose=0), model.net.predict(PIXELS, verbose=0))


@pytest.mark.slow
def test_a_model_in_memory_is_copied_and_stays_as_it_is(data):
    net = own()
    before = net.get_weights()
    described = tfft.load_backbone(net)
    assert described.handle == "<own>"
    model = tfft.build(net, tfft.tasks.classification(data.labels))
    tfft.fit(model, data, tfft.plans.two_phase(1, 1, tune_learning_rate=1e-2), progress=False)
    assert all((now == old).all() for now, old in zip(net.get_weights(), before, strict=True))
    moved = model.backbone_net.get_layer("conv2").get_weights()
    assert not (moved[0] == net.get_layer("conv2").get_weights()[0]).all()


@pytest.mark.slow
def test_a_net_of_keras_applications_in_memory_is_a_backbone():
    net = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, weights=None, classes=7)
    described = tfft.load_backbone(net, pixel_range="minus_one_to_one")
    assert described.features.kind == "map"
    assert len(described.blocks) == 5  # one for each resolution: 16, 8, 4, 2 and 1 pixels
    assert described.load().output_shape == (None, 1, 1, 1280)


def test_what_it_was_trained_on_has_to_be_said_where_it_does_not_say_so(tmp_path):
    net = own(scaled=False)
    with pytest.raises(
        BackboneError, match=r"range of pixels that the model .* was trained on is unknown.*pixel_range="
    ):
        tfft.load_backbone(net)
    assert tfft.load_backbone(net, pixel_range="zero_to_one").pixel_range == "zero_to_one"
    with pytest.raises(BackboneError, match="The pixel range 'rawish' does not exist"):
        tfft.load_backbone(net, pixel_range="rawish")


def test_blocks_may_be_said_by_the_layers_at_which_they_end(path):
    described = tfft.load_backbone(str(path), blocks=["relu1"])
    assert [block.pattern for block in described.blocks] == ["relu1$", ""]
    with pytest.raises(BackboneError, match=r"names of layers at which blocks end.*'relu9'"):
        tfft.load_backbone(str(path), blocks=["relu9"])
    with pytest.raises(BackboneError, match="names of layers at which blocks end"):
        tfft.load_backbone(str(path), blocks="relu1")


def test_a_net_of_dense_layers_behind_one_convolution_has_a_block_for_each():
    x = pixels = keras.Input((8, 8, 3))
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(x))
    for number in range(3):
        x = keras.layers.Dense(4, name=f"dense{number}")(x)
    described = tfft.load_backbone(keras.Model(pixels, keras.layers.Dense(2, name="top")(x)), layer="dense2")
    assert [block.pattern for block in described.blocks] == ["dense0$", "dense1$", ""]


@pytest.mark.parametrize("kind", ["texts", "subclassed", "layers"])
def test_what_is_no_functional_model_of_images_is_refused(kind):
    if kind == "texts":
        ids = keras.Input((None,), dtype="int32")
        model = keras.Model(ids, keras.layers.Embedding(4, 2)(ids))
        told = "takes no images"
    elif kind == "subclassed":

        class Own(keras.Model):
            def call(self, x):
                return x

        model, told = Own(), "is not functional"
    else:
        x = pixels = keras.Input((8, 8, 3))
        model, told = keras.Model(pixels, keras.layers.Flatten()(x)), "no features before its top"
    with pytest.raises(BackboneError, match=told):
        tfft.load_backbone(model, pixel_range="raw")


def test_a_missing_or_damaged_file_or_one_without_a_model_is_reported(path, tmp_path):
    with pytest.raises(WeightsError, match=r"The file .* does not exist"):
        tfft.load_backbone(str(tmp_path / "other.keras"))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(WeightsError, match=r"is damaged: it is not a complete zip file"):
        tfft.load_backbone(str(path))


def test_a_file_with_code_in_it_is_refused(tmp_path):
    pixels = keras.Input((8, 8, 3))
    keras.Model(pixels, keras.layers.Lambda(lambda x: x)(pixels)).save(tmp_path / "code.keras")
    with pytest.raises(
        WeightsError, match=r"could run code of its own\. Got: keras\.layers\.Lambda.*register_keras_serializable"
    ):
        tfft.load_backbone(str(tmp_path / "code.keras"), pixel_range="raw")


def test_a_net_inside_a_net_is_cut_within_it_as_the_guide_of_keras_builds_them(tmp_path):
    base = own(top=False, scaled=False)
    pixels = keras.Input((16, 16, 3))
    x = base(keras.layers.Rescaling(1 / 255)(pixels), training=False)
    x = keras.layers.GlobalAveragePooling2D()(x)
    net = keras.Model(pixels, keras.layers.Dense(3)(x))
    net.save(tmp_path / "guide.keras")
    expected = keras.Model(net.input, net.layers[-2].input).predict(PIXELS, verbose=0)
    for given in (net, str(tmp_path / "guide.keras")):
        described = tfft.load_backbone(given)
        assert [block.pattern for block in described.blocks] == ["relu0$", "relu1$", ""]
        model = tfft.build(described, tfft.tasks.classification(["a", "b"]))
        np.testing.assert_allclose(model.backbone_net.predict(PIXELS, verbose=0), expected, atol=1e-6)


def test_a_net_inside_a_net_that_pools_is_not_cut_before_itself():
    base = own(top=False, scaled=False)
    pooled = keras.Model(base.input, keras.layers.GlobalAveragePooling2D(name="inner_pool")(base.output))
    pixels = keras.Input((16, 16, 3))
    net = keras.Model(pixels, keras.layers.Dense(3)(pooled(keras.layers.Rescaling(1 / 255)(pixels))))
    assert tfft.load_backbone(net).load().count_params() == base.count_params()
    with pytest.raises(BackboneError, match=r"No layer up to the output of 'rescaling.*has weights"):
        tfft.load_backbone(net, layer=next(layer.name for layer in net.layers if "rescaling" in layer.name))


def test_what_a_layer_learned_from_data_is_copied_as_well():
    pixels = keras.Input((8, 8, 3))
    normalization = keras.layers.Normalization()
    normalization.adapt(np.random.default_rng(0).normal(50, 9, (20, 8, 8, 3)))
    net = keras.Model(pixels, keras.layers.Conv2D(4, 3)(normalization(pixels)))
    inputs = np.random.default_rng(1).normal(50, 9, (2, 8, 8, 3)).astype(np.float32)
    found = tfft.load_backbone(net).load().predict(inputs, verbose=0)
    np.testing.assert_allclose(found, net.predict(inputs, verbose=0), atol=1e-5)


def test_what_no_bundle_could_bring_back_is_refused_before_anything_is_trained():
    class Own(keras.layers.Layer):
        def call(self, x):
            return x * 2

    for layer in (Own(), keras.layers.Lambda(lambda x: x)):
        pixels = keras.Input((8, 8, 3))
        net = keras.Model(pixels, layer(keras.layers.Conv2D(4, 3)(pixels)))
        with pytest.raises(BackboneError, match=r"cannot be saved with a model.*register_keras_serializable"):
            tfft.load_backbone(net, pixel_range="raw")


def test_damaged_weights_inside_a_file_are_reported(path):
    import zipfile

    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content[: len(content) // 2] if name.endswith(".h5") else content)
    with pytest.raises(WeightsError, match=r"model\.weights\.h5 in .* is damaged"):
        tfft.build(str(path), tfft.tasks.classification(["a", "b"]))


def test_a_sequential_model_is_a_backbone_from_a_file_and_from_memory(data, tmp_path):
    layers = [
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(4, 3, name="inner"),
        keras.layers.GlobalAveragePooling2D(),
    ]
    net = keras.Sequential([keras.Input((16, 16, 3)), *layers, keras.layers.Dense(3, name="top")])
    net.save(tmp_path / "net.keras")
    expected = keras.Model(net.inputs, net.get_layer("inner").output).predict(PIXELS, verbose=0)
    for given in (str(tmp_path / "net.keras"), net):
        described = tfft.load_backbone(given, layer="inner")
        model = tfft.build(described, tfft.tasks.classification(data.labels))
        np.testing.assert_allclose(model.backbone_net.predict(PIXELS, verbose=0), expected, atol=1e-6)
    run = tfft.fit(model, data, tfft.plans.full(1, 1e-2), progress=False)
    assert "tfft.load_backbone(net, layer='inner'" in run.to_code()
    compile(run.to_code(), "code", "exec")
    with pytest.raises(BackboneError, match=r"is not functional.*keras\.Input\(shape\)"):
        tfft.load_backbone(keras.Sequential(layers[1:]), layer="inner")


def test_the_last_block_of_a_net_that_ends_in_a_norm_trains_what_is_in_front_of_it(data):
    x = pixels = keras.Input((16, 16, 3))
    for number in range(2):
        x = keras.layers.Conv2D(4, 3, name=f"conv{number}")(x)
        x = keras.layers.BatchNormalization(name=f"norm{number}")(x)
    net = keras.Model(pixels, keras.layers.GlobalAveragePooling2D(name="gap")(x))
    described = tfft.load_backbone(net, layer="gap", pixel_range="zero_to_one")
    run = tfft.fit(tfft.build(described, tfft.tasks.classification(data.labels)), data, progress=False)
    moved = {row.path for row in run.phases[1].overview.rows if row.intent == "train" and row.block != "head"}
    assert moved == {"conv1/kernel", "conv1/bias"}


def test_how_a_net_was_compiled_does_not_matter(tmp_path):
    def own_loss(wanted, found):
        return found - wanted

    net, path = own(top=False), str(tmp_path / "net.keras")
    net.compile("adam", own_loss, metrics=["accuracy", keras.metrics.F1Score()])
    net.save(path)
    assert [tfft.load_backbone(each).pixel_range for each in (net, path)] == ["raw", "raw"]
    net.compile("adam", keras.losses.CategoricalFocalCrossentropy(), metrics=[keras.metrics.F1Score()])
    pixels = keras.Input((16, 16, 3))
    keras.Model(pixels, net(pixels)).save(path)
    assert tfft.load_backbone(path).pixel_range == "raw"
