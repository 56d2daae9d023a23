"""The laws that every text encoder must pass; a new family or size inherits them. All are small, random and read offline."""

import io
import json
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import keras
import keras_hub
import numpy as np
import pytest
import sentencepiece

import tfft
from tests import e5_files
from tfft.backbones import multilingual_e5
from tfft.backbones.base import Backbone
from tfft.backbones.keras_hub.encoders import FAMILIES
from tfft.backbones.keras_hub.scratch import SIZES
from tfft.core.blocks import assign_blocks
from tfft.core.errors import PlanError
from tfft.core.values import argument_of
from tfft.heads.vector import VectorHead
from tfft.models.assembly import TransferModel
from tfft.models.cuts import cut, feature_name
from tfft.models.trunk import tail_net, trunk_net
from tfft.trainable import last_blocks, nothing

TEXTS = ["how far is it from denver to aspen", "a bee", "", "who wrote the book about ants and bees and why", "is it"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
NORMS = ("LayerNormalization", "RMSNormalization")
E5 = "multilingual_e5_small"


def word_pieces() -> list[str]:
    """A vocabulary of letters, at the beginning of a word and inside of it, and a few whole words."""
    letters = [mark + letter for letter in string.ascii_lowercase for mark in ("", "##")]
    return [*SPECIAL, *letters, "how", "far", "it"]


def byte_pairs(special: list[str]) -> dict[str, Any]:
    """A vocabulary of the 256 bytes as GPT-2 writes them, and of one merge."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [256 + number for number in range(256 - len(visible))]
    tokens = [*special, *map(chr, visible + hidden), "it"]
    return {"vocabulary": {token: index for index, token in enumerate(tokens)}, "merges": ["i t"]}


def sentence_pieces(**pieces: Any) -> bytes:
    """A SentencePiece model of single characters."""
    model = io.BytesIO()
    options = {"model_type": "char", "vocab_size": 40, "hard_vocab_limit": False, "minloglevel": 3}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*TEXTS, string.ascii_lowercase]), model_writer=model, **options, **pieces
    )
    return model.getvalue()


TOKENIZERS: dict[str, Callable[[], dict[str, Any]]] = {
    **dict.fromkeys(("bert", "distil_bert", "electra"), lambda: {"vocabulary": word_pieces(), "lowercase": True}),
    "roberta": partial(byte_pairs, ["<s>", "<pad>", "</s>", "<mask>"]),
    "gpt2": partial(byte_pairs, ["<|endoftext|>"]),
    "xlm_roberta": lambda: {"proto": sentence_pieces(unk_id=0, bos_id=1, eos_id=2)},
    "albert": lambda: {
        "proto": sentence_pieces(
            pad_id=0, unk_id=1, bos_id=2, eos_id=3, bos_piece="[CLS]", eos_piece="[SEP]", user_defined_symbols="[MASK]"
        )
    },
    "deberta_v3": lambda: {
        "proto": sentence_pieces(
            pad_id=0,
            bos_id=1,
            eos_id=2,
            unk_id=3,
            pad_piece="[PAD]",
            bos_piece="[CLS]",
            eos_piece="[SEP]",
            unk_piece="[UNK]",
        )
    },
}
WIDTHS = {"num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}
OTHERS = {"albert": {"embedding_dim": 4}, "electra": {"embedding_dim": 4}, "deberta_v3": {"bucket_size": 8}}


def saved(name: str, folder: Path) -> str:
    """The folder of a tiny encoder of a family, as KerasHub saves it."""
    family = FAMILIES[name]
    tokenizer = getattr(keras_hub.models, family.tokenizer)(**TOKENIZERS[name]())
    size = {"vocab_size" if name == "electra" else "vocabulary_size": tokenizer.vocabulary_size()}
    keras.utils.set_random_seed(3)
    net = getattr(keras_hub.models, family.backbone)(**size, **WIDTHS, **OTHERS.get(name, {}))
    # as random as a net starts, attention is nearly the same whatever the text
    for weight in net.trainable_weights:
        if len(weight.shape) > 1:
            weight.assign(keras.random.normal(weight.shape, stddev=0.5))
    for part in (net, tokenizer):
        part.save_to_preset(str(folder))
    return str(folder)


def described_e5(folder: Path) -> Backbone:
    """A tiny net in the layout of the package with multilingual-e5-small."""
    (folder / "e5.bin").write_bytes(e5_files.content())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(multilingual_e5, "installed", lambda _: str(folder / "e5.bin"))
        return tfft.load_backbone(E5)


def louder(head: keras.Model) -> keras.Model:
    """A head starts near zero, where all answers are alike; this one does not."""
    kernel = head.get_layer("logits").kernel
    kernel.assign(np.random.default_rng(0).normal(size=kernel.shape) / kernel.shape[0] ** 0.5)
    return head


@dataclass(frozen=True)
class Built:
    """One net, and the texts as it takes them."""

    name: str
    model: TransferModel
    rows: list[np.ndarray]
    arrays: dict[str, np.ndarray]

    @cached_property
    def together(self) -> list[Any]:
        """Features of all texts in one padded batch, and their mask."""
        return list(self.model.backbone_net(list(self.arrays.values())))

    @cached_property
    def alone(self) -> list[list[Any]]:
        """The same of each text without any padding."""
        net = self.model.backbone_net
        each = [[a[n : n + 1, : len(row)] for a in self.arrays.values()] for n, row in enumerate(self.rows)]
        return [list(net(arrays)) for arrays in each]

    @cached_property
    def logits(self) -> np.ndarray:
        """Of all texts together."""
        return np.asarray(self.model.net(argument_of(self.arrays)))


@pytest.fixture(scope="module", params=[*FAMILIES, *SIZES, E5])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    name, folder = request.param, tmp_path_factory.mktemp(request.param)
    if name in FAMILIES:
        described = tfft.load_backbone(saved(name, folder))
    elif name == "toy_text":
        described = tfft.load_backbone(name)
    elif name == E5:
        described = described_e5(folder)
    else:
        (folder / "vocab.txt").write_text("\n".join(word_pieces()))
        described = tfft.load_backbone(name, vocabulary=folder / "vocab.txt")
    model = tfft.build(described, tfft.tasks.classification(["a", "b", "c"]), seed=1)
    louder(model.head_net)
    rows = list(model.preprocessor.many(TEXTS).rows)
    yield Built(name, model, rows, model.preprocessor.collate(rows))
    keras.backend.clear_session()


def test_every_one_emits_a_sequence_and_its_mask(built: Built) -> None:
    model, tokens = built.model, built.arrays["token_ids"].shape[1]
    assert model.backbone.features.kind == "sequence"
    assert model.backbone.features.masked
    assert model.backbone_net.name == "backbone"
    features, mask = built.together
    assert features.shape == (len(TEXTS), tokens, model.backbone_net.output_shape[0][-1])
    np.testing.assert_array_equal(mask, built.arrays["padding_mask"])
    assert np.asarray(mask).sum(axis=1).tolist() == list(map(len, built.rows))
    assert model.net.output_shape == (None, 3)


def test_blocks_cover_all_layers_in_order_and_each_holds_weights(built: Built) -> None:
    net, blocks = built.model.backbone_net, built.model.backbone.blocks
    block_of = assign_blocks(net, blocks)
    order = [block.name for block in blocks]
    assert list(block_of) == [layer.name for layer in net.layers]
    positions = [order.index(name) for name in block_of.values()]
    assert positions == sorted(positions)
    held = {name: [v for layer in net.layers if block_of[layer.name] == name for v in layer.weights] for name in order}
    assert all(held.values()), held
    assert sum(map(len, held.values())) == len(net.weights)


def test_every_transformer_layer_is_a_block_of_its_own_unless_they_share_their_weights(built: Built) -> None:
    net, blocks = built.model.backbone_net, built.model.backbone.blocks
    block_of = assign_blocks(net, blocks)
    count = SIZES[built.name].layers if built.name in SIZES else 2
    expected = ["layers"] if built.name == "albert" else [f"layer{number + 1}" for number in range(count)]
    assert [block.name for block in blocks] == ["embeddings", *expected]
    if built.name != "albert":
        numbered = [layer.name for layer in net.layers if layer.name.startswith(("transformer_layer_", "disentangled"))]
        assert [block_of[name] for name in numbered] == expected
    tables = [layer.name for layer in net.layers if layer.weights and "embedding" in layer.name]
    assert {block_of[name] for name in tables} == {"embeddings"}


def test_last_blocks_trains_exactly_those_blocks(built: Built) -> None:
    model, net, blocks = built.model, built.model.backbone_net, built.model.backbone.blocks
    block_of = assign_blocks(net, blocks)
    for count in range(1, len(blocks) + 1):
        chosen = {block.name for block in blocks[-count:]}
        inside = [part for layer in net.layers if block_of[layer.name] in chosen for part in layer._flatten_layers()]
        for train_norms in (False, True):
            wanted = {
                id(v)
                for part in inside
                if train_norms or type(part).__name__ not in NORMS
                for v in part._trainable_variables
            }
            model.apply(last_blocks(count), train_norms=train_norms)
            assert {id(v) for v in net.trainable_variables} == wanted
            assert len(model.head_net.trainable_variables) == 2


def test_more_blocks_than_there_are_is_refused(built: Built) -> None:
    count = len(built.model.backbone.blocks)
    with pytest.raises(PlanError, match=rf"last_blocks\({count + 1}\).*at most {count}"):
        built.model.apply(last_blocks(count + 1))


def test_a_pair_is_both_texts_with_end_tokens_between(built: Built) -> None:
    first, second = "how far is it", "is it"
    a, b, pair = (built.model.preprocessor(item)[:, 0].tolist() for item in (first, second, (first, second)))
    # its vocabulary is that of XLM-RoBERTa
    family = FAMILIES["bert" if built.name in SIZES else "xlm_roberta" if built.name == E5 else built.name]
    assert pair == [*a, *b[-1:] * (family.separators - 1), *b[1:]]
    assert built.model.preprocessor.tokenizer.separators == family.separators
    assert len(pair) == built.model.preprocessor.many([(first, second)]).whole[0]


def test_what_the_vocabulary_lacks_is_counted(built: Built) -> None:
    by_bytes = built.name in ("roberta", "gpt2")
    found = built.model.preprocessor.many(["it is", "it \u2702 is", "\u2702", "\u2702 \u2702"]).unknown
    assert found.tolist() == ([0, 0, 0, 0] if by_bytes else [0, 1, 1, 2])


@pytest.mark.parametrize("pooling", ["average", "max", "first", "last"])
def test_a_text_alone_has_the_logits_that_it_has_in_a_padded_batch(built: Built, pooling: str) -> None:
    net, spec = built.model.backbone_net, built.model.backbone.features
    head = louder(VectorHead(pooling).build(spec, net.output_shape[0][1:], 3, seed=0))
    together = np.asarray(head(built.together))
    assert min(map(len, built.rows)) < built.arrays["token_ids"].shape[1], "something is padded"
    for alone, expected in zip(built.alone, together, strict=True):
        np.testing.assert_allclose(head(alone)[0], expected, atol=1e-5, rtol=0)
    if (built.name, pooling) != (
        "gpt2",
        "first",
    ):  # its first token is the same in every text, and knows of no later one
        assert np.abs(together[0] - together[1]).max() > 1e-4, "texts differ"


def test_what_stands_in_the_padding_does_not_matter(built: Built) -> None:
    ids, mask = built.arrays["token_ids"], built.arrays["padding_mask"]
    changed = np.where(mask == 1, ids, np.random.default_rng(0).integers(0, 10, ids.shape, np.int32))
    assert (changed != ids).any()
    found = built.model.net(argument_of({**built.arrays, "token_ids": changed}))
    np.testing.assert_allclose(found, built.logits, atol=1e-6)


def test_auto_is_the_pooling_of_the_family(built: Built) -> None:
    features, mask = map(np.asarray, built.together)
    if built.name == "gpt2":
        vectors = np.stack([each[: len(row)][-1] for each, row in zip(features, built.rows, strict=True)])
    else:
        vectors = (features * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    expected = vectors @ built.model.head_net.get_layer("logits").kernel.numpy()
    np.testing.assert_allclose(built.logits, expected, atol=1e-5)


def test_the_same_seed_makes_the_same_weights(built: Built) -> None:
    once, again = (built.model.backbone.load(seed=5) for _ in range(2))
    for one, other in zip(once.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_bundle_answers_as_the_model_did(built: Built, tmp_path: Path) -> None:
    predictor = tfft.load(tfft.export(built.model, tmp_path / "texts.tfft"))
    rows = list(predictor.preprocessor.many(TEXTS).rows)
    for row, before in zip(rows, built.rows, strict=True):
        np.testing.assert_array_equal(row, before)
    expected = built.logits
    found = predictor.net(argument_of(predictor.preprocessor.collate(rows)))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    answers = [list(answer.scores.values()) for answer in predictor.predict(TEXTS)]
    np.testing.assert_allclose(answers, built.model.task.probabilities(expected), atol=1e-5)


def named(found: Any) -> dict[str, Any]:
    """What a trunk gives, as a tail takes it."""
    tensors = found if isinstance(found, (list, tuple)) else [found]
    return {feature_name(index): tensor for index, tensor in enumerate(tensors)}


def test_a_net_cut_in_front_of_each_block_answers_as_the_whole(built: Built) -> None:
    model, expected, inputs = built.model, built.logits, built.arrays
    count = len(model.backbone.blocks)
    depths = []
    # of the larger ones, which are of the same family, both ends and one in between
    for trained in range(count) if count <= 5 else (0, 1, 4, count - 1):
        overview = model.apply(last_blocks(trained) if trained else nothing())
        at = cut(model, overview)
        assert at.reason == "" or trained == count - 1, "embeddings are looked up, and not worth keeping"
        depths.append(at.depth)
        tail = tail_net(model, at, fold=False)
        np.testing.assert_allclose(tail(named(trunk_net(model, at, fold=False)(inputs))), expected, atol=1e-6)
        np.testing.assert_allclose(tail_net(model, at)(named(trunk_net(model, at)(inputs))), expected, atol=1e-5)
        moving = {id(v) for v, row in zip(overview.variables, overview.rows, strict=True) if row.intent == "train"}
        assert {id(v) for v in tail.trainable_variables} == moving
        assert not moving & {id(v) for v in at.weights}
    assert depths == sorted(set(depths), reverse=True), "the more blocks train, the earlier is the cut"


def test_a_cut_leaves_the_net_as_it_was_saved(built: Built) -> None:
    nets = (built.model.net, built.model.backbone_net)
    before = [json.dumps(net.get_config(), default=repr) for net in nets]
    for count in range(1, len(built.model.backbone.blocks)):
        tail_net(built.model, cut(built.model, built.model.apply(last_blocks(count))))
        built.model.apply(nothing())
    assert [json.dumps(net.get_config(), default=repr) for net in nets] == before
