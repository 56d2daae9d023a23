"""Text encoders of KerasHub: its families of architectures, and how one of them becomes a backbone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfft.core.specs import Block

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Family:
    """One architecture of KerasHub.

    Attributes:
        backbone: Class name in ``keras_hub.models``.
        tokenizer: The same of its tokenizer.
        embeddings: Pattern of the last layer of the embeddings.
        layer: Pattern of each transformer layer, with its number; empty where all of them share their weights.
        separators: End tokens between two texts.
        segments: Whether it takes a number for each token that tells the texts of a pair apart.
        pooling: What its features become one vector by.
        length: Most tokens that it was trained on.
    """

    backbone: str
    tokenizer: str
    embeddings: str = "embeddings_dropout$"
    layer: str = "transformer_layer_{}$"
    separators: int = 1
    segments: bool = False
    pooling: str = "average"
    length: int = 512

    def blocks(self, layers: int) -> tuple[Block, ...]:
        """Its blocks, from input to output.

        Args:
            layers: How many transformer layers there are.

        Returns:
            ``embeddings``, ``layer1``, ...; ``layers`` alone where they share their weights.

        Example:
            >>> [block.name for block in FAMILIES["bert"].blocks(2)]
            ['embeddings', 'layer1', 'layer2']
        """
        first = Block("embeddings", self.embeddings)
        if not self.layer:
            return first, Block("layers")
        return first, *(
            Block(f"layer{number + 1}", self.layer.format(number) if number < layers - 1 else "")
            for number in range(layers)
        )


# Models that attend in one direction alone have read the whole text at its last token. The others are averaged: the token in
# front of all, on which BERT was trained to tell whether two sentences belong together, says less before it is tuned.
FAMILIES: dict[str, Family] = {
    "bert": Family("BertBackbone", "BertTokenizer", segments=True),
    "distil_bert": Family("DistilBertBackbone", "DistilBertTokenizer"),
    "roberta": Family("RobertaBackbone", "RobertaTokenizer", separators=2),
    "xlm_roberta": Family("XLMRobertaBackbone", "XLMRobertaTokenizer", separators=2),
    "albert": Family("AlbertBackbone", "AlbertTokenizer", "embedding_projection$", "", segments=True),
    "deberta_v3": Family(
        "DebertaV3Backbone", "DebertaV3Tokenizer", "(embeddings_dropout|rel_embedding)$",
        "disentangled_attention_encoder_layer_{}$",
    ),
    "electra": Family("ElectraBackbone", "ElectraTokenizer", "embeddings_(dropout|projection)$", segments=True),
    "gpt2": Family("GPT2Backbone", "GPT2Tokenizer", pooling="last", length=1024),
}  # fmt: skip


def masked(base: Any) -> "keras.Model":
    """A KerasHub backbone as tfft takes it.

    Args:
        base: A ``keras_hub.models.Backbone`` of texts.

    Returns:
        A functional model from token ids, segments where it takes them, and a mask, int32 of shape (batch, tokens), to features of
        shape (batch, tokens, width) and the mask.
    """
    import keras

    for layer in base.layers:
        if type(layer).__name__ == "RelativeEmbedding":
            # of DeBERTa; KerasHub 0.32 builds it in its constructor, and Keras then does not load what it saved
            layer.get_build_config = lambda: None
    inputs = [base.input[key] for key in ("token_ids", "segment_ids", "padding_mask") if key in base.input]
    sequence = base.output["sequence_output"] if isinstance(base.output, dict) else base.output
    # not the input itself: Keras 3.15 does not save a net inside of which a tensor both enters and leaves
    mask = keras.layers.Identity(name="mask")(base.input["padding_mask"])
    return keras.Model(inputs, [sequence, mask], name="backbone")
