"""The families of KerasHub's text encoders, and how an encoder becomes a backbone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfft.core.specs import Block

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Family:
    """One family of text encoders.

    Attributes:
        backbone: The name of the class in ``keras_hub.models``.
        tokenizer: The name of the tokenizer class in ``keras_hub.tokenizers``.
        embeddings: The pattern of the last layer of the embeddings.
        layer: The pattern of a transformer layer, with a place for its number; empty when all layers share their weights.
        separators: The number of end tokens between two texts.
        segments: Whether it takes a segment id for each token, which distinguishes the two texts of a pair.
        pooling: The default pooling of its features.
        length: The maximum number of tokens that it was trained on.
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
        """Return the blocks of an encoder, from input to output.

        Args:
            layers: The number of transformer layers.

        Returns:
            ``embeddings``, ``layer1``, ``layer2``, ...; or ``embeddings``, ``layers`` when all layers share their weights.

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


# In GPT-2, only the last token attends to the whole text, so its features are used. The features of other families are averaged:
# BERT's first token, which was pretrained to tell whether two sentences belong together, is a weaker feature before fine-tuning.
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
    """Turn a text encoder of KerasHub into the model of a tfft backbone.

    Args:
        base: A ``keras_hub.models.Backbone`` for texts.

    Returns:
        A functional model from token ids, segment ids if it takes them, and a mask, each int32 of shape (batch, tokens), to
        features of shape (batch, tokens, width) and the mask.
    """
    import keras

    for layer in base.layers:
        if type(layer).__name__ == "RelativeEmbedding":
            # KerasHub 0.32 builds this layer of DeBERTa in its constructor; with a build configuration, Keras could not load it
            layer.get_build_config = lambda: None
    inputs = [base.input[key] for key in ("token_ids", "segment_ids", "padding_mask") if key in base.input]
    sequence = base.output["sequence_output"] if isinstance(base.output, dict) else base.output
    # Identity, because Keras 3.15 cannot save an outer model if a tensor is both input and output of this one
    mask = keras.layers.Identity(name="mask")(base.input["padding_mask"])
    return keras.Model(inputs, [sequence, mask], name="backbone")
