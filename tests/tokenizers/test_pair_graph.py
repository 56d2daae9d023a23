"""A graph splits texts into byte pairs, with the bytes of each token."""

import pytest
import tensorflow as tf

from tfft.tokenizers.json_tokenizer import JsonTokenizer
from tfft.tokenizers.pair_graph import pairs
from tfft.tokenizers.pipelines import byte_pairs
from tfft.tokenizers.tokenizer_tables import byte_signs

SIGNS = ["<s>", "<pad>", "</s>", "<mask>", *byte_signs(), "ho", "how", "Ġf"]


@pytest.mark.parametrize("prefix", [False, True])
def test_tokens_take_all_bytes_of_a_text(prefix):
    made = JsonTokenizer(
        *byte_pairs({sign: id for id, sign in enumerate(SIGNS)}, ["h o", "ho w", "Ġ f"], prefix_space=prefix)
    )
    kind = pairs(made, [])
    found = kind.placed(tf.constant(["how far", "", "好"]))
    assert found.ids.to_list() == kind.tokens(tf.constant(["how far", "", "好"])).to_list()
    assert found.ids.row_lengths().numpy().tolist() == [4 + prefix, 0, 3 + prefix]
    assert found.sizes.numpy().tolist() == [*[1] * prefix, 3, 2, 1, 1, *[1] * prefix, 1, 1, 1]
    # the space before a text belongs to its first character
    assert found.owners.numpy().tolist() == [*[0] * prefix, *range(7), *[7] * prefix, 7, 7, 7]
