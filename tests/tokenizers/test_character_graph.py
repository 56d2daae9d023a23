"""Characters are replaced in a graph."""

import tensorflow as tf

from tfft.tokenizers.character_graph import lookup_table, replaced


def test_characters_become_texts_or_nothing_and_others_stay():
    run = replaced({"a": "o", "好": " 好 ", "z": ""}, []).texts
    assert [text.decode() for text in run(tf.constant(["a jazz", "你好", ""])).numpy()] == ["o jo", "你 好 ", ""]


def test_nothing_is_replaced_without_a_table():
    assert replaced({}, []).texts(tf.constant(["as it is"])).numpy().tolist() == [b"as it is"]


def test_tables_are_kept_and_give_minus_one_for_other_keys():
    tables = []
    table = lookup_table(tables, {"a": 7})
    assert tables == [table]
    assert table.lookup(tf.constant(["a", "b"])).numpy().tolist() == [7, -1]


def test_the_characters_in_the_place_of_each_character_are_counted():
    counts = replaced({"a": "o", "好": " 好 ", "z": ""}, []).counts
    assert counts(tf.constant(["jazz", "", "你好"])).numpy().tolist() == [1, 1, 0, 0, 1, 3]
