"""Text encoders of KerasHub in memory."""

import keras
import keras_hub
import numpy as np
import pytest

import tfft
from tests.modules import WORDS
from tfft.core.errors import BackboneError, DataError


@pytest.fixture
def tokenizer():
    return keras_hub.tokenizers.BertTokenizer(vocabulary=list(WORDS), lowercase=True)


@pytest.fixture
def encoder():
    keras.utils.set_random_seed(4)
    return keras_hub.models.BertBackbone(len(WORDS), 2, 2, 16, 32, max_sequence_length=24)


def test_an_encoder_is_a_backbone_with_its_blocks(encoder, tokenizer):
    described = tfft.load_backbone(encoder, tokenizer=tokenizer)
    assert [block.name for block in described.blocks] == ["embeddings", "layer1", "layer2"]
    assert described.takes() == "24 tokens"
    model = tfft.build(described, tfft.tasks.classification(["a", "b"]))
    given = model.preprocessor.collate([model.preprocessor("a good film")])
    assert list(given) == ["token_ids", "segment_ids", "padding_mask"]
    found, _ = model.backbone_net.predict(list(given.values()), verbose=0)
    np.testing.assert_allclose(found, encoder.predict(given, verbose=0)["sequence_output"], atol=1e-6)


@pytest.mark.slow
def test_a_classifier_brings_its_tokenizer_and_stays_as_it_is(encoder, tokenizer):
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor(tokenizer, sequence_length=16)
    classifier = keras_hub.models.BertTextClassifier(encoder, num_classes=2, preprocessor=preprocessor)
    before = classifier.get_weights()
    texts = [f"{word} film {'very ' * n}" for word in ("good", "bad") for n in range(12)]
    data = tfft.data.from_arrays(texts, ["up"] * 12 + ["down"] * 12)
    model = tfft.build(classifier, tfft.tasks.classification(data.labels))
    run = tfft.fit(model, data, tfft.plans.encoder(1, learning_rate=1e-3), batch_size=8, progress=False)
    assert {row.block for row in run.phases[0].overview.rows if row.moved} == {"head", "layer1", "layer2"}
    assert all((now == old).all() for now, old in zip(classifier.get_weights(), before, strict=True))


def test_without_a_tokenizer_it_says_which_one_is_missing(encoder):
    with pytest.raises(BackboneError, match=r"no tokenizer.*keras_hub\.tokenizers\.BertTokenizer"):
        tfft.load_backbone(encoder)


def test_too_long_a_length_and_a_family_that_is_not_known_are_refused(encoder, tokenizer):
    with pytest.raises(BackboneError, match="up to 24 tokens"):
        tfft.load_backbone(encoder, tokenizer=tokenizer, length=64)
    assert tfft.load_backbone(encoder, tokenizer=tokenizer, length=8).most_tokens == 24
    with pytest.raises(DataError, match="length=0 must be a whole number of at least 8"):
        tfft.load_backbone(encoder, tokenizer=tokenizer, length=0)
    other = keras_hub.models.OPTBackbone(len(WORDS), 1, 2, 16, 32, max_sequence_length=24)
    with pytest.raises(BackboneError, match=r"OPTBackbone is not a text encoder that tfft knows.*'BertBackbone'"):
        tfft.load_backbone(other, tokenizer=tokenizer)


def test_a_copy_keeps_what_its_layers_were_set_to(encoder, tokenizer):
    for layer in encoder.transformer_layers:
        layer.activation = layer._feedforward_intermediate_dense.activation = keras.activations.relu
        layer.layer_norm_epsilon = layer._feedforward_layer_norm.epsilon = 0.5
    described = tfft.load_backbone(encoder, tokenizer=tokenizer)
    given = described.preprocessor.collate([described.preprocessor("a good film")])
    assert list(given) == ["token_ids", "segment_ids", "padding_mask"]
    found, _ = described.load()(list(given.values()))
    np.testing.assert_allclose(found, encoder(given)["sequence_output"], atol=1e-6)
