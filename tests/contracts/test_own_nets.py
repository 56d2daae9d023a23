"""Users' own nets of every kind: each is trained, saved and read back with the features that it had, or refused with advice."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import tfft
from tfft.core.errors import BackboneError, TfftError

PIXELS = np.random.default_rng(0).integers(0, 255, (4, 16, 16, 3)).astype(np.float32)


def image(channels: int = 3, size: int | None = 16, **options) -> keras.KerasTensor:
    return keras.Input((size, size, channels), name="image", **options)


def stem(x, name: str = "one", width: int = 4):
    x = layers.Conv2D(width, 3, strides=2, padding="same", name=f"{name}_conv")(x)
    return layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_norm")(x))


def finished(pixels, x, name: str = "own") -> keras.Model:
    """With a top, and statistics and biases that are no zeros."""
    net = keras.Model(
        pixels,
        layers.Dense(5, activation="softmax", name="top")(layers.GlobalAveragePooling2D(name="gap")(x)),
        name=name,
    )
    return stirred(net)


def stirred(net):
    random = np.random.default_rng(1)
    for weight in net.weights:
        if len(weight.shape) == 1 and "float" in weight.dtype:
            weight.assign(weight + random.uniform(0.05, 0.5, weight.shape))
    return net


@keras.saving.register_keras_serializable("own_nets_test")
class Doubled(layers.Layer):
    """Without weights, of its own class."""

    def call(self, x):
        return x * 2


@keras.saving.register_keras_serializable("own_nets_test")
class Opaque(keras.Model):
    """Subclassed: what it computes is code."""

    def __init__(self, **options):
        super().__init__(**options)
        self.conv = layers.Conv2D(4, 3, strides=2)

    def build(self, shape):
        self.conv.build(shape)

    def call(self, x):
        return ops.relu(self.conv(x) + 0.1)


@keras.saving.register_keras_serializable("own_nets_test")
class Named(layers.Layer):
    """Returns a dict."""

    def call(self, x):
        return {"plain": x, "doubled": x * 2}


@keras.saving.register_keras_serializable("own_nets_test")
def bent(x):
    return ops.relu(x) - 0.01 * x


class Unknown(layers.Layer):
    """Of a class that is not registered."""

    def call(self, x):
        return x * 2


class Rewired(keras.Model):
    """Functional, with a call of its own."""

    def call(self, x, training=None):
        return super().call(x, training=training) * 2


def raw_operations():
    pixels = image()
    x = stem(pixels / 127.5 - 1)
    x = stem(x + x, "two")
    x = ops.concatenate([x, ops.where(x > 0, x, 0.1 * x)], axis=-1)
    return finished(pixels, x), x, {}


def residual():
    pixels = image()
    x = stem(layers.Rescaling(1 / 255)(pixels))
    y = layers.Conv2D(4, 3, padding="same", name="branch")(x)
    x = ops.add(x, y) * np.array([1.0, 2.0, 3.0, 4.0], "float32")
    return finished(pixels, x), x, {}


def multiplied_by_an_operation():
    pixels = image()
    x = stem(pixels[..., ::-1] / 255)
    squeezed = layers.Dense(4, activation="sigmoid", name="gate")(ops.mean(x, axis=(1, 2), keepdims=True))
    x = x * squeezed
    return finished(pixels, x), x, {}


def sequential():
    net = keras.Sequential([image(), layers.Rescaling(1 / 255), layers.Conv2D(4, 3, name="c"), layers.ReLU(name="r"),
                            layers.Flatten(), layers.Dense(5, name="top")])  # fmt: skip
    return net, net.get_layer("r").output, {}


def sequential_called_with_images():
    net = keras.Sequential([layers.Rescaling(1 / 255), layers.Conv2D(4, 3, name="c"), layers.GlobalMaxPooling2D()])
    net(PIXELS)
    return net, net.get_layer("c").output, {}


def sequential_inside():
    pixels = image()
    augment = keras.Sequential([layers.RandomFlip(), layers.Rescaling(1 / 255)], name="augment")
    body = keras.Sequential([layers.Conv2D(4, 3, strides=2, name="c"), layers.ReLU(name="r")], name="body")
    x = body(augment(pixels))
    return finished(pixels, x), x, {}


def nested_twice():
    inner_input = keras.Input((8, 8, 4))
    inner = keras.Model(inner_input, stem(inner_input, "inner") + 1.0, name="inner")
    outer_input = image()
    outer = keras.Model(outer_input, inner(stem(outer_input / 255, "outer")), name="outer")
    pixels = image()
    x = outer(pixels, training=False)
    return finished(pixels, x), x, {}


def names_that_clash():
    inner_input = keras.Input((8, 8, 4))
    inner = keras.Model(inner_input, stem(inner_input), name="inner")
    pixels = image()
    x = inner(stem(pixels / 255))
    return finished(pixels, x), x, {}


def shared_layer():
    pixels = image()
    x = stem(pixels / 255)
    conv, relu = layers.Conv2D(4, 3, padding="same", name="shared"), layers.ReLU(name="act")
    x = relu(conv(relu(conv(x))) + x)
    return finished(pixels, x), x, {}


def shared_model():
    pixels = image()
    inner_input = keras.Input((8, 8, 4))
    inner = keras.Model(inner_input, layers.Conv2D(4, 3, padding="same", name="c")(inner_input) + 1.0)
    x = stem(pixels / 255)
    x = inner(x) * inner(x + 1.0)
    return finished(pixels, x), x, {}


def heads_on_one_map():
    pixels = image()
    x = stem(pixels / 255)
    pooled = layers.GlobalAveragePooling2D()(x)
    net = keras.Model(pixels, {"kind": layers.Dense(3)(pooled), "age": layers.Dense(1)(pooled)})
    return net, x, {}


def mask_beside_classes():
    pixels = image()
    x = stem(pixels / 255)
    mask = layers.Conv2D(1, 1, activation="sigmoid", name="mask")(layers.UpSampling2D()(x))
    classes = layers.Dense(3, name="classes")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(pixels, [classes, mask]), x, {"layer": "one_relu"}


def images_beside_numbers():
    pixels, numbers = image(), keras.Input((3,), name="numbers")
    x = stem(pixels / 255)
    joined = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), numbers])
    return keras.Model([pixels, numbers], layers.Dense(2)(joined)), x, {"layer": "one_relu"}


def subclassed_inside():
    pixels = image()
    x = Opaque(name="opaque")(pixels / 255)
    return finished(pixels, x), x, {}


def registered_layer():
    pixels = image()
    x = Doubled()(layers.Conv2D(4, 3, name="c")(layers.Rescaling(1 / 255)(pixels)))
    return finished(pixels, x), x, {}


def half_precision():
    pixels = image()
    x = layers.Rescaling(1 / 255, dtype="mixed_float16")(pixels)
    x = layers.Conv2D(4, 3, dtype="float16", name="half")(layers.Conv2D(4, 3, dtype="mixed_float16", name="mixed")(x))
    return finished(pixels, layers.ReLU(dtype="float32", name="r")(x)), x, {"atol": 5e-3, "layer": "half"}


def double_precision():
    pixels = image(dtype="float64")
    x = layers.Conv2D(4, 3, dtype="float64", name="c")(layers.Rescaling(1 / 255, dtype="float64")(pixels))
    return finished(pixels, x), x, {"atol": 1e-5}


def whole_numbers():
    pixels = image(dtype="uint8")
    x = stem(layers.Rescaling(1 / 255)(pixels))
    return finished(pixels, x), x, {}


def open_size():
    pixels = image(size=None)
    x = stem(pixels / 255)
    return finished(pixels, x), x, {"size": 16}


def odd_size():
    pixels = keras.Input((16, 13, 3))
    x = stem(pixels / 255)
    return finished(pixels, x), x, {}


def preprocessing_layers():
    pixels = image()
    x = layers.RandomFlip()(layers.CenterCrop(10, 10)(layers.Resizing(12, 12)(pixels)))
    x = stem(layers.Normalization(mean=[120.0, 110.0, 100.0], variance=[3600.0, 3300.0, 3000.0])(x))
    return finished(pixels, x), x, {}


def channels_first():
    pixels = image()
    x = layers.Permute((3, 1, 2))(pixels / 255)
    x = layers.DepthwiseConv2D(3, strides=2, data_format="channels_first", name="c")(x)
    x = layers.MaxPooling2D(data_format="channels_first")(layers.BatchNormalization(axis=1)(x)) + 1.0
    net = keras.Model(pixels, layers.Dense(3)(layers.GlobalAveragePooling2D(data_format="channels_first")(x)))
    return net, ops.transpose(x, (0, 2, 3, 1)), {}


def sequence():
    pixels = image()
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 4, strides=4, name="patches")(pixels / 255))
    x = x + layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    x = layers.LayerNormalization(name="norm")(x)
    return keras.Model(pixels, layers.Dense(3)(x[:, 0])), x, {}


def dense_alone():
    pixels = image()
    x = layers.Dense(6, activation="gelu", name="d")(layers.Flatten()(pixels / 255))
    return keras.Model(pixels, layers.Dense(3)(x)), x, {}


def two_scales():
    pixels = image()
    x = stem(pixels / 255)
    y = stem(x, "two")
    pooled = [layers.GlobalAveragePooling2D()(each) for each in (x, y)]
    x = layers.Concatenate()(pooled)
    return keras.Model(pixels, layers.Dense(3)(x)), x, {}


def names_of_ours_and_of_regular_expressions():
    pixels = image()
    x = layers.Rescaling(1 / 255, name="pixel_range")(pixels)
    x = layers.Conv2D(4, 3, strides=2, name="head")(x)
    x = layers.Conv2D(4, 3, strides=2, name=".a-b>c.d-")(x)
    x = layers.Conv2D(4, 3, name="logits")(x)
    return finished(pixels, layers.ReLU(name="backbone")(x), name="tfft"), x, {"layer": "logits"}


def frozen_by_its_owner():
    pixels = image()
    x = stem(stem(layers.Rescaling(1 / 255)(pixels)), "two")
    net = finished(pixels, x)
    net.trainable = False
    return net, x, {}


def adapters():
    pixels = image()
    conv = layers.Conv2D(4, 3, name="c")
    x = conv(pixels / 255)
    net = finished(pixels, x)
    conv.enable_lora(2)
    conv.lora_kernel_b.assign(np.random.default_rng(0).normal(size=conv.lora_kernel_b.shape))
    return net, x, {}


def regularised():
    pixels = image()
    x = layers.Conv2D(4, 3, kernel_regularizer="l2", kernel_constraint="max_norm", activity_regularizer="l2")(
        pixels / 255
    )
    x = layers.SpatialDropout2D(0.3)(layers.GaussianNoise(0.1)(x))
    return finished(pixels, x), x, {}


WORKING = [
    raw_operations, residual, multiplied_by_an_operation, sequential, sequential_called_with_images, sequential_inside,
    nested_twice, names_that_clash, shared_layer, shared_model, heads_on_one_map, mask_beside_classes, images_beside_numbers,
    subclassed_inside, registered_layer, half_precision, double_precision, whole_numbers, open_size, odd_size,
    preprocessing_layers, channels_first, sequence, dense_alone, two_scales, names_of_ours_and_of_regular_expressions,
    frozen_by_its_owner, adapters, regularised,
]  # fmt: skip


def original(net, tensor, pixels):
    """What the net itself computes."""
    entering = net.inputs[0] if len(net.inputs) > 1 else net.inputs
    return np.asarray(keras.Model(entering, tensor)(pixels, training=False), "float32")


@pytest.mark.parametrize("make", WORKING, ids=lambda make: make.__name__)
def test_features_are_those_of_the_net_from_memory_and_from_a_file(make, tmp_path):
    net, tensor, options = make()
    tolerance = options.pop("atol", 0)
    before = net.get_weights()
    pixels = PIXELS[:, :, : net.inputs[0].shape[2] or 16]
    expected = original(net, tensor, pixels)
    assert expected.std() > 0
    described = tfft.load_backbone(net, **options)
    assert described.pixel_range == "raw"
    loaded = described.load()
    np.testing.assert_allclose(loaded(pixels, training=False), expected, rtol=0, atol=tolerance)
    assert {weight.dtype for weight in loaded.weights if "float" in weight.dtype} == {"float32"}
    net.save(tmp_path / "net.keras")
    read = tfft.load_backbone(str(tmp_path / "net.keras"), **options)
    np.testing.assert_allclose(read.load()(pixels, training=False), expected, rtol=0, atol=tolerance)
    assert [block.pattern for block in read.blocks] == [block.pattern for block in described.blocks]
    assert all((now == old).all() for now, old in zip(net.get_weights(), before, strict=True))


def learnable(width: int) -> "tfft.data.Splits":
    targets = np.arange(24) % 2
    images = np.random.default_rng(0).integers(0, 120, (24, 16, width, 3), np.uint8)
    images[targets == 1, ..., 0] += 130
    return tfft.data.from_arrays(images, targets, class_names=["dark", "red"])


# their graphs are trained like those of the others
ALIKE = (
    sequential, sequential_called_with_images, multiplied_by_an_operation, heads_on_one_map, images_beside_numbers, whole_numbers,
    double_precision, open_size, odd_size, preprocessing_layers, dense_alone, two_scales, frozen_by_its_owner, regularised,
)  # fmt: skip
TRAINED = [pytest.param(make, marks=[pytest.mark.slow] if make in ALIKE else [], id=make.__name__) for make in WORKING]


@pytest.mark.slow
@pytest.mark.parametrize("make", TRAINED)
def test_it_is_trained_evaluated_saved_and_read_back(make, tmp_path):
    net, _, options = make()
    options.pop("atol", 0)
    width = net.inputs[0].shape[2] or 16
    data = learnable(width)
    model = tfft.build(tfft.load_backbone(net, **options), tfft.tasks.classification(data.labels))
    run = tfft.fit(model, data, tfft.plans.two_phase(1, 1, tune_learning_rate=1e-3), batch_size=8, progress=False)
    tuned = run.phases[1].overview
    assert [row.path for row in tuned.rows if row.moved and row.block != "head"]
    report = tfft.evaluate(model, data.validation)
    bundle = tfft.export(model, tmp_path / "own.tfft", report)
    predictor = tfft.load(bundle, own_classes=[Doubled, Opaque])
    pixels = PIXELS[:, :, :width]
    np.testing.assert_array_equal(predictor.net.predict(pixels, verbose=0), model.net.predict(pixels, verbose=0))
    answers = predictor.predict([pixels[0].astype(np.uint8)])
    assert answers[0].label in data.labels.names


def without_an_input():
    return keras.Sequential([layers.Conv2D(4, 3)]), {}


def subclassed():
    return Opaque(), {}


def with_a_call_of_its_own():
    pixels = image()
    return Rewired(pixels, stem(pixels / 255)), {}


def with_a_lambda():
    pixels = image()
    return finished(pixels, layers.Lambda(lambda x: x * 2)(stem(pixels / 255))), {}


def of_an_unknown_class():
    pixels = image()
    return finished(pixels, Unknown()(stem(pixels / 255))), {}


def with_an_unknown_function():
    pixels = image()
    return finished(pixels, layers.Conv2D(4, 3, activation=lambda x: x * 2, name="c")(pixels / 255)), {}


def with_a_registered_function():
    pixels = image()
    return finished(pixels, layers.Conv2D(4, 3, activation=bent, name="c")(pixels / 255)), {}


def with_a_name_that_no_graph_takes():
    pixels = image()
    return finished(pixels, layers.Conv2D(4, 3, name="a+(b)*$")(pixels / 255)), {}


def of_grey_images():
    pixels = image(1)
    return finished(pixels, stem(pixels / 255)), {}


def of_four_channels():
    pixels = image(4)
    return finished(pixels, stem(pixels / 255)), {}


def of_channels_first():
    pixels = keras.Input((3, 16, 16))
    return keras.Model(pixels, layers.DepthwiseConv2D(3, data_format="channels_first")(pixels)), {}


def of_convolutions_that_few_cpus_have():
    pixels = image()
    x = layers.Permute((3, 1, 2))(pixels / 255)
    x = layers.Conv2D(4, 3, data_format="channels_first", name="first")(x)
    return keras.Model(pixels, layers.GlobalAveragePooling2D(data_format="channels_first")(x)), {}


def of_two_images():
    one, two = image(), keras.Input((16, 16, 3))
    return finished([one, two], stem(one / 255) + stem(two / 255, "two")), {}


def of_images_and_numbers():
    return images_beside_numbers()[0], {}


def with_two_outputs():
    return mask_beside_classes()[0], {}


def that_answers_with_a_mask():
    pixels = image()
    return keras.Model(pixels, layers.Conv2D(1, 1, activation="sigmoid", name="mask")(stem(pixels / 255))), {}


def with_a_dict_as_features():
    pixels = image()
    named = Named(name="named")(stem(pixels / 255))
    return finished(pixels, named["doubled"]), {"layer": "named"}


def with_a_layer_that_is_called_twice():
    return shared_layer()[0], {"layer": "act"}


def quantised():
    pixels = image()
    net = finished(pixels, layers.Dense(4, name="d")(pixels / 255))
    net.quantize("int8")
    return net, {}


def scaled_twice():
    pixels = image()
    return finished(pixels, stem(layers.Rescaling(1 / 255, name="scaling")(pixels))), {"pixel_range": "zero_to_one"}


def scaled_twice_by_operations():
    pixels = image()
    return finished(pixels, stem(pixels / 127.5 - 1)), {"pixel_range": "minus_one_to_one"}


def scaled_twice_inside():
    return sequential_inside()[0], {"pixel_range": "torch"}


def scaled_twice_by_a_layer_of_its_own():
    pixels = image()
    return finished(pixels, stem(Doubled()(pixels / 510))), {"pixel_range": "zero_to_one"}


def normalised_twice():
    pixels = image()
    normalization = layers.Normalization(name="adapted")
    normalization.adapt(PIXELS)
    return finished(pixels, stem(normalization(pixels))), {"pixel_range": "torch"}


def of_unit_pixels():
    pixels = image()
    return finished(pixels, stem(layers.Rescaling(2.0, offset=-1.0, name="doubling")(pixels))), {}


def of_pixels_that_nobody_names():
    pixels = image()
    return finished(pixels, stem(pixels)), {}


def of_whole_numbers_scaled():
    return whole_numbers()[0], {"pixel_range": "zero_to_one"}


REFUSED = [
    (without_an_input, r"not functional.*keras\.Input\(shape\)"),
    (subclassed, r"not functional.*called inside a functional one"),
    (with_a_call_of_its_own, r"not functional.*call\(\) of its own"),
    (with_a_lambda, r"cannot be saved with a model.*register_keras_serializable"),
    (of_an_unknown_class, r"of the class Unknown cannot be saved.*register_keras_serializable"),
    (with_an_unknown_function, r"cannot be saved.*register_keras_serializable"),
    (with_a_registered_function, r"a bundle with this net could not be loaded.*bent.*layer class"),
    (with_a_name_that_no_graph_takes, r"'a\+\(b\)\*\$' .* not valid in a TensorFlow graph.*letters"),
    (of_grey_images, r"takes no images.*rgb_to_grayscale"),
    (of_four_channels, r"takes no images.*keras\.ops\.pad"),
    (of_channels_first, r"takes no images.*Permute\(\(3, 1, 2\)\)"),
    (of_two_images, r"takes several images"),
    (of_images_and_numbers, r"no features before its top|depend on 2 inputs"),
    (with_two_outputs, r"2 outputs.*lead to different features.*one_relu.*mask.*Pass layer="),
    (that_answers_with_a_mask, r"returns a map.*'?mask.*Pass layer="),
    (with_a_dict_as_features, r"'named' .* cannot be features.*2 tensors"),
    (with_a_layer_that_is_called_twice, r"'act' .* cannot be features.*called once"),
    (quantised, r"is quantised.*before model\.quantize"),
    (scaled_twice, r"a second time.*0\.\.255 to 0\.\.1.*Leave pixel_range out, or remove 'scaling' from"),
    (scaled_twice_by_operations, r"a second time.*0\.\.255 to -1\.\.1.*Leave pixel_range out"),
    (scaled_twice_inside, r"a second time.*'rescaling"),
    (scaled_twice_by_a_layer_of_its_own, r"a second time.*'doubled"),
    (normalised_twice, r"a second time.*'adapted'"),
    (of_unit_pixels, r'but not from pixels of 0\.\.255.*pixel_range="zero_to_one"'),
    (of_pixels_that_nobody_names, r"range of pixels that the model .* was trained on is unknown.*pixel_range="),
    (of_whole_numbers_scaled, r"takes whole numbers"),
]


@pytest.mark.parametrize(("make", "told"), REFUSED, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
def test_what_cannot_be_a_backbone_is_refused_with_advice_before_it_is_trained(make, told):
    net, options = make()
    with pytest.raises(BackboneError, match=told) as caught:
        tfft.build(tfft.load_backbone(net, **options), tfft.tasks.classification(["a", "b"]))
    assert isinstance(caught.value, TfftError)
    assert caught.value.fix


def computes_channels_first() -> bool:
    try:
        tf.nn.conv2d(PIXELS.transpose(0, 3, 1, 2), np.ones((3, 3, 3, 4), np.float32), 1, "VALID", data_format="NCHW")
    except tf.errors.UnimplementedError:
        return False
    return True


@pytest.mark.parametrize("computed", [True, False])
def test_channels_first_convolutions_are_right_where_this_cpu_has_them_and_else_refused(monkeypatch, computed):
    net, _ = of_convolutions_that_few_cpus_have()
    kernel, bias = net.get_layer("first").get_weights()
    expected = ops.conv(PIXELS / 255, kernel).numpy() + bias

    def unimplemented(*args):
        raise tf.errors.UnimplementedError(None, None, "only NHWC")

    if not computed:  # a CPU without AVX-512
        monkeypatch.setattr(layers.Conv2D, "convolution_op", unimplemented)
    if computed and computes_channels_first():
        found = tfft.load_backbone(net).load()(PIXELS, training=False)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        return
    with pytest.raises(
        BackboneError, match=r"cannot be computed on this machine.*'first'.*GPU.*channels_last"
    ) as caught:
        tfft.build(tfft.load_backbone(net), tfft.tasks.classification(["a", "b"]))
    assert caught.value.fix


@pytest.mark.parametrize("make", [of_grey_images, of_four_channels])
def test_the_advice_for_other_channels_makes_a_backbone(make):
    net, _ = make()
    images = image()
    inside = (
        ops.image.rgb_to_grayscale(images) if net.inputs[0].shape[-1] == 1 else ops.pad(images, [(0, 0)] * 3 + [(0, 1)])
    )
    wrapped = keras.Model(images, net(inside))
    expected = keras.Model(net.inputs, net.get_layer("one_relu").output)(keras.Model(images, inside)(PIXELS))
    found = tfft.load_backbone(wrapped).load()(PIXELS, training=False)
    np.testing.assert_array_equal(found, expected)


def test_a_net_that_was_trained_on_several_devices_is_a_backbone():
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        net, tensor, _ = residual()
        net.compile("adam", "categorical_crossentropy")
    loaded = tfft.load_backbone(net).load()
    np.testing.assert_array_equal(loaded(PIXELS, training=False), original(net, tensor, PIXELS))


def test_keras_set_to_channels_first_or_to_half_precision_changes_no_features(request):
    request.addfinalizer(lambda: keras.config.set_image_data_format("channels_last"))
    request.addfinalizer(lambda: keras.config.set_dtype_policy("float32"))
    net, tensor, _ = residual()
    expected = original(net, tensor, PIXELS)
    described = tfft.load_backbone(net)
    keras.config.set_image_data_format("channels_first")
    model = tfft.build(described, tfft.tasks.classification(["a", "b"]))
    np.testing.assert_array_equal(model.backbone_net(PIXELS, training=False), expected)
    kernel, bias = model.head_net.get_layer("logits").get_weights()
    logits = expected.mean(axis=(1, 2)) @ kernel + bias
    np.testing.assert_allclose(model.net(PIXELS, training=False), logits, atol=1e-5)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy("mixed_float16")
    found = tfft.load_backbone(net).load()
    np.testing.assert_array_equal(found(PIXELS, training=False), expected)


@pytest.mark.parametrize("ending", ["h5", "keras"])
def test_a_net_that_keras_loaded_from_a_file_is_a_backbone(ending, tmp_path):
    net, tensor, _ = (frozen_by_its_owner if ending == "h5" else residual)()  # Keras reads few operations from .h5
    net.compile("adam", "categorical_crossentropy")
    net.save(tmp_path / f"net.{ending}")
    loaded = keras.saving.load_model(tmp_path / f"net.{ending}")
    found = tfft.load_backbone(loaded).load()(PIXELS, training=False)
    np.testing.assert_array_equal(found, original(net, tensor, PIXELS))
    if ending == "h5":
        with pytest.raises(BackboneError, match=r"older HDF5 format.*keras\.saving\.load_model\('.*net\.h5'\)\.save\("):
            tfft.load_backbone(str(tmp_path / "net.h5"))
