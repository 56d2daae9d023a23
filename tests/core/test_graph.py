"""The frozen beginning of a net ends before the first changing layer, at a point with few values."""

import keras
import keras_hub
import numpy as np
import pytest

from tfft.core.graph import beginning, boundary, largest, multiplications


def ends(net, moving, inference=True):
    """Names of the operations whose results the rest of the net reads, while some layers change."""
    weights = [weight for name in moving for weight in net.get_layer(name).weights]
    return sorted(t._keras_history.operation.name for t in boundary(net, beginning(net, weights, inference)))


@pytest.fixture
def chain():
    inputs = keras.Input((8, 8, 3), name="pixels")
    x = keras.layers.Conv2D(4, 3, name="one")(inputs)
    x = keras.layers.Dropout(0.5, name="noise")(keras.layers.ReLU(name="relu")(x))
    return keras.Model(inputs, keras.layers.Conv2D(4, 3, name="two")(x))


@pytest.mark.parametrize(
    ("moving", "place"), [([], ["two"]), (["two"], ["noise"]), (["one"], ["pixels"]), (["one", "two"], ["pixels"])]
)
def test_all_calls_before_the_first_changing_layer_are_in_the_beginning(chain, moving, place):
    assert ends(chain, moving) == place


def test_active_dropout_ends_the_beginning(chain):
    assert ends(chain, [], inference=False) == ["relu"]
    assert ends(chain, ["two"], inference=False) == ["relu"]


def test_paths_without_changing_layers_are_in_the_beginning():
    inputs = keras.Input((8, 8, 3))
    left = keras.layers.Conv2D(4, 3, padding="same", name="left")(inputs)
    right = keras.layers.Conv2D(2, 3, padding="same", name="right")(inputs)
    right = keras.layers.Conv2D(4, 3, padding="same", name="top")(right)
    net = keras.Model(inputs, keras.layers.Add(name="sum")([left, right]))
    assert ends(net, ["top"]) == ["left", "right"]


def test_one_small_tensor_is_stored_instead_of_two_results_of_it():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", name="first")(inputs)
    left = keras.layers.Conv2D(4, 1, name="left")(keras.layers.ReLU(name="relu")(x))
    right = keras.layers.Conv2D(4, 1, name="right")(keras.layers.AveragePooling2D(1, name="pooling")(x))
    net = keras.Model(inputs, keras.layers.Add(name="sum")([left, right]))
    assert ends(net, ["left", "right"]) == ["first"]
    assert ends(net, ["left"]) == ["relu", "right"], "a kernel is never computed again"


def test_a_mask_is_part_of_the_boundary():
    """An encoder with a mask as second input, like transformers, has features and mask at its boundary."""
    tokens, mask = keras.Input((6,), dtype="int32", name="tokens"), keras.Input((6,), dtype="bool", name="mask")
    x = keras.layers.Embedding(10, 4, name="embedding")(tokens)
    for name in ("one", "two"):
        attention = keras.layers.MultiHeadAttention(2, 2, name=f"attention_{name}")
        x = x + attention(x, x, attention_mask=mask[:, None, :])
    encoder = keras.Model([tokens, mask], x)
    before = beginning(encoder, encoder.get_layer("attention_two").weights, inference=True)
    tensors = boundary(encoder, before)
    assert sorted(len(t.shape) for t in tensors) in ([2, 3], [3, 3]), "features, and the mask or what is made of it"
    first = keras.Model(encoder.inputs, list(tensors))
    second = keras.Model(list(tensors), encoder.outputs)
    ids, real = np.arange(12).reshape(2, 6) % 10, np.array([[1] * 6, [1, 1, 1, 0, 0, 0]], bool)
    np.testing.assert_array_equal(second(first([ids, real])), encoder([ids, real]))


def test_a_random_layer_stays_in_the_beginning_even_if_it_could_save_values():
    """In the beginning the layer is off; in the rest, training would turn it on."""
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Dropout(0.5, name="noise")(keras.layers.Conv2D(4, 3, padding="same", name="first")(inputs))
    left = keras.layers.Conv2D(4, 1, name="left")(keras.layers.ReLU(name="relu")(x))
    right = keras.layers.Conv2D(4, 1, name="right")(keras.layers.AveragePooling2D(1, name="pooling")(x))
    net = keras.Model(inputs, keras.layers.Add(name="sum")([left, right]))
    assert ends(net, ["left", "right"]) == ["noise"]


@pytest.mark.parametrize("layer", [keras.layers.Dropout, keras.layers.GaussianNoise, keras.layers.SpatialDropout2D])
def test_any_active_random_layer_ends_the_beginning(layer):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.ReLU(name="relu")(keras.layers.Conv2D(4, 3, name="one")(inputs))
    net = keras.Model(inputs, keras.layers.Conv2D(4, 3, name="two")(layer(0.3, name="noise")(x)))
    assert ends(net, ["two"], inference=False) == ["relu"]
    assert ends(net, ["two"]) == ["noise"]


def test_multiplications_and_the_largest_operation_equal_values_counted_by_hand():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(16, 3, strides=2, padding="same", use_bias=True)(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.DepthwiseConv2D(3, padding="valid")(x)
    net = keras.Model(inputs, keras.layers.Dense(5)(keras.layers.Flatten()(x)))
    assert multiplications(net) == 4 * 4 * (3 * 3 * 3 * 16) + 2 * 2 * (3 * 3 * 16) + (2 * 2 * 16) * 5
    assert largest(net) == 4 * 4 * 16 * 2, "the norm reads and writes as much as any"


def test_embeddings_multiply_nothing_and_unknown_lengths_count_as_given():
    tokens = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(1000, 4)(tokens)
    net = keras.Model(tokens, keras.layers.Dense(5)(x))
    assert multiplications(net) == 4 * 5
    assert multiplications(net, length=7) == 7 * 4 * 5
    assert multiplications(net, length=2.5) == 50, "a mean length need not be whole"
    assert isinstance(multiplications(net, length=2.5), int)


def test_known_lengths_are_not_replaced():
    pixels = keras.Input((8, None, 3))
    net = keras.Model(pixels, keras.layers.Conv2D(2, 1)(pixels))
    assert multiplications(net, length=5) == 8 * 5 * (3 * 2)


@pytest.mark.parametrize("length", [1, 12, 33])
def test_bert_needs_the_multiplications_of_its_kernels_for_each_token(length):
    """Queries, keys, values, their projection and the feed-forward net count; embeddings and (heads, width) biases do not."""
    width, inner, depth = 8, 16, 3
    layers = {"num_layers": depth, "num_heads": 2, "hidden_dim": width, "intermediate_dim": inner}
    bert = keras_hub.models.BertBackbone(vocabulary_size=20, max_sequence_length=40, **layers)
    of_a_token = depth * (4 * width * width + 2 * width * inner)
    pooled = width * width
    assert multiplications(bert, length) == length * of_a_token + pooled


def test_vgg16_needs_the_published_number_of_multiplications():
    """15.3 billion at 224 pixels, without its top (Simonyan and Zisserman 2015 and others)."""
    net = keras.applications.VGG16(weights=None, include_top=False, input_shape=(224, 224, 3))
    assert multiplications(net) == pytest.approx(15.35e9, rel=0.001)


@pytest.mark.parametrize("trained", [1, 2, 3])
def test_the_boundary_of_bert_contains_tokens_and_padding_mask(trained):
    layers = {"num_layers": 3, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}
    bert = keras_hub.models.BertBackbone(vocabulary_size=20, max_sequence_length=10, **layers)
    random = np.random.default_rng(0)
    tokens = {
        "token_ids": random.integers(0, 20, (2, 7)),
        "segment_ids": random.integers(0, 2, (2, 7)),
        "padding_mask": np.array([[1] * 7, [1] * 4 + [0] * 3]),
    }
    moving = bert.get_layer(f"transformer_layer_{3 - trained}").weights
    ends = boundary(bert, beginning(bert, moving, inference=True))
    before = f"transformer_layer_{2 - trained}" if trained < 3 else "embeddings_dropout"
    assert {t._keras_history.operation.name for t in ends} == {"padding_mask", before}
    trunk, tail = keras.Model(bert.inputs, list(ends)), keras.Model(list(ends), bert.outputs)
    found = dict(zip(("pooled_output", "sequence_output"), tail(trunk(tokens)), strict=True))
    for name, expected in bert(tokens).items():
        np.testing.assert_array_equal(found[name], expected)
