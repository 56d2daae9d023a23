"""Features and answers are compared with what the net computes from raw inputs."""

import numpy as np
import pandas as pd
import pytest

import tfft
from tfft.cache.shards import Shards
from tfft.core.ragged import padded
from tfft.models.cuts import cut
from tfft.models.extraction import Extraction, Wanted
from tfft.models.features import row_of
from tfft.models.inference import answered
from tfft.models.prepared import prepared
from tfft.models.recomputed import difference, tolerance
from tfft.trainable import last_blocks, nothing

POSITIONS = np.array([0, 17, 30])


def computed(model, policy, read, count, dtype, lengths=None):
    at = cut(model, model.apply(policy))
    longest = 0 if lengths is None else padded(int(lengths.max()))
    wanted = Wanted(at, Shards(count, row_of(at, dtype, longest)))
    Extraction(model, dtype).fill([wanted], read, lambda *_: None, lengths)
    return wanted


def spoiled(wanted, position, change):
    rows = wanted.table.take(np.arange(wanted.table.count))
    rows[position] = change(rows[position])
    other = Shards(wanted.table.count, wanted.table.row)
    for number in other.missing():
        other.write(number, rows[np.asarray(other.rows(number))])
    return Wanted(wanted.at, other)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("policy", [nothing(), last_blocks(1)])
def test_features_of_images_agree_and_swapped_ones_do_not(model, data, dtype, policy):
    def read(index):
        return model.preprocessor(data.train.inputs[index])

    wanted = computed(model, policy, read, len(data.train), dtype)
    assert difference(model, wanted, POSITIONS, read, dtype) == ""
    other = wanted.table.take(np.array([1]))[0]
    found = difference(model, spoiled(wanted, 17, lambda _: other), POSITIONS, read, dtype)
    assert found.startswith("row 17 of 'after ")
    kernel = model.backbone_net.get_layer("block1_conv").kernel
    kernel.assign_add(np.full(kernel.shape, 0.3))
    assert difference(model, wanted, POSITIONS, read, dtype).startswith("row 0 of 'after ")


@pytest.mark.parametrize("policy", [nothing(), last_blocks(1)])
def test_those_of_texts_agree_whatever_they_were_padded_to(policy):
    words = [f"film {index} " + "a b c " * (index * 7 % 10) for index in range(60)]
    frame = pd.DataFrame({"text": words, "label": ["x", "y"] * 30})
    texts = tfft.data.from_dataframe(frame, text_column="text", label_column="label", seed=0)
    model = tfft.build("toy_text", tfft.tasks.classification(texts.labels))
    examples = prepared(model.preprocessor, texts.train).examples
    lengths = examples.inputs.lengths

    def read(index):
        return model.preprocessor(examples.inputs[index])

    wanted = computed(model, policy, read, len(examples), "float32", lengths)
    shortest, longest = int(lengths.argmin()), int(lengths.argmax())
    for positions in (np.array([shortest]), np.array([shortest, longest])):
        assert difference(model, wanted, positions, read, "float32", lengths) == ""
    other = wanted.table.take(np.array([longest]))[0]
    assert difference(model, spoiled(wanted, shortest, lambda _: other), np.array([shortest]), read, "float32", lengths)


def test_a_sample_of_answers_is_that_of_the_net_until_the_net_changes(model, data):
    found, sample = answered(model, prepared(model.preprocessor, data.train), 16)
    assert len(sample.names) == len(sample.logits) in (2, 3)
    np.testing.assert_array_equal(sample.logits[0], found.logits[0])
    assert sample.difference(model) == ""
    model.head_net.get_layer("logits").bias.assign_add([0.0, 0.1, 0.0])
    assert "are off by" in sample.difference(model)


def test_tensorfloat_32_may_round_as_float16_does(monkeypatch):
    import tensorflow as tf

    assert tolerance("float32") < tolerance("float16") < tolerance("bfloat16")
    gpu = tf.config.PhysicalDevice("/physical_device:GPU:0", "GPU")
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda: [gpu])
    assert tolerance("float32") == tolerance("float16")
    monkeypatch.setattr(tf.config.experimental, "tensor_float_32_execution_enabled", lambda: False)
    assert tolerance("float32") < tolerance("float16")
