"""No operation on the list can read or change anything outside the graph."""

import re

import pytest
import tensorflow as tf
import tensorflow_text as text
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

from tfft.savedmodel.allowed_operations import ALLOWED
from tfft.savedmodel.graph_calls import callees

KNOWN = op_def_pb2.OpList()
KNOWN.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
SOUNDS = re.compile(r"file|path|directory|prefix|address|host|url|port|socket|server|command|stream|logdir|descriptor")
# words that have another meaning in these names, or are tested elsewhere
FINE = {
    ("InitializeTableFromTextFile", "filename"),
    ("InitializeTableFromTextFileV2", "filename"),
    ("CTCBeamSearchDecoder", "top_paths"),
    ("CudnnRNNBackpropV2", "host_reserved"),
    ("CudnnRNNBackpropV3", "host_reserved"),
    ("CudnnRNNV2", "host_reserved"),
    ("CudnnRNNV3", "host_reserved"),
}


def test_every_name_is_an_operation():
    assert text is not None
    assert sorted(ALLOWED - {operation.name for operation in KNOWN.op}) == []


def test_no_operation_has_a_file_or_an_address_as_input():
    found = {
        (operation.name, part.name)
        for operation in KNOWN.op
        if operation.name in ALLOWED
        for part in (*operation.attr, *operation.input_arg, *operation.output_arg)
        if SOUNDS.search(part.name)
    }
    assert found - FINE == set()


FAMILIES = """
File Dataset Iterator Summary Debug PyFunc Print Save Restore Remote Send Recv Queue Rpc Stage Barrier Worker Collective Proto
Custom XlaCall Abort Immutable Session Sleep Dump
"""


@pytest.mark.parametrize("word", FAMILIES.split())
def test_groups_of_operations_that_do_more_are_not_on_the_list(word):
    assert [name for name in ALLOWED if word in name and not name.startswith("InitializeTableFromTextFile")] == []


def test_functions_that_operations_call_are_checked():
    takes = {o.name for o in KNOWN.op if o.name in ALLOWED and any("func" in attribute.type for attribute in o.attr)}
    for name in takes:
        graph = tf.compat.v1.GraphDef()
        function = graph.library.function.add()
        function.signature.name = "outer"
        node = function.node_def.add(name="x", op=name)
        for attribute in next(o for o in KNOWN.op if o.name == name).attr:
            if attribute.type == "func":
                node.attr[attribute.name].func.name = f"of {attribute.name}"
            if attribute.type == "list(func)":
                node.attr[attribute.name].list.func.add().name = f"of {attribute.name}"
        assert callees({"outer": function})["outer"], name
