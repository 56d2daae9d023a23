"""Limits for files from other people. They are checked before memory is allocated; environment variables can raise them.

::

    TFFT_MAX_IMAGE_PIXELS=200000000 tfft predict flowers.tfft panorama.jpg
"""

import os
from dataclasses import dataclass
from types import MappingProxyType

from tfft.core.errors import DataError, TfftError


@dataclass(frozen=True)
class Limit:
    """One limit.

    Attributes:
        default: The highest allowed amount.
        unit: A plural noun for messages.
        about: The file, value or list that the limit applies to.
    """

    default: int
    unit: str
    about: str


LIMITS = MappingProxyType(
    {
        # Source: Pillow's Image.MAX_IMAGE_PIXELS, a quarter of a gigabyte as 24-bit RGB
        "image_pixels": Limit(89_478_485, "pixels", "width x height of one image"),
        # an ICC profile may have 255 segments of 65,533 bytes; progressive encoders write 10 scans
        "image_segments": Limit(10_000, "segments", "markers and chunks of one image file"),
        "exif_segments": Limit(16, "Exif segments", "one JPEG file; nearly all have one"),
        "metadata_bytes": Limit(2**25, "bytes of metadata", "one JPEG file"),
        "jpeg_table_bytes": Limit(2**17, "bytes of tables", "one JPEG file, before its first scan"),
        "padding_bytes": Limit(10_000, "bytes of padding", "one image file, between its segments"),
        "jpeg_scans": Limit(100, "scans", "one JPEG file"),
        "input_bytes": Limit(2**29, "bytes", "one encoded image, or one text file"),
        # the archive of the largest BERT on TensorFlow Hub takes 1.25 GB
        "packed_bytes": Limit(1_500_000_000, "bytes", "one archive of a SavedModel, before it is unpacked"),
        "archive_bytes": Limit(2**30, "bytes", "one archive, unpacked"),
        "archive_ratio": Limit(20, "times its own size", "one archive, unpacked, once it exceeds archive_bytes"),
        # 20 times the largest bundle of a backbone in a Python package, that of multilingual-e5-small
        "bundle_bytes": Limit(
            3_000_000_000, "bytes", "the files of one bundle at Hugging Face, before they are downloaded"
        ),
        "archive_members": Limit(10_000, "members", "files and folders in one archive"),
        "table_columns": Limit(10_000, "columns", "one table"),
        "table_cells": Limit(100_000_000, "cells", "rows x columns of one table"),
        "backbone_layers": Limit(1_000, "layers", "one pretrained net"),
        "graph_bytes": Limit(2**29, "bytes", "saved_model.pb of one SavedModel"),
        # 16 GB as float32; the largest preset that tfft lists, GPT-2 XL, has 1.6 billion values
        "backbone_values": Limit(4_000_000_000, "values", "weights of one pretrained net"),
        # the largest supported one, XLM-RoBERTa's, takes 17 MB and has 250,002 tokens
        "tokenizer_bytes": Limit(64 * 2**20, "bytes", "one tokenizer.json, vocabulary or SentencePiece model"),
        # the largest supported one, that of multilingual-e5-small, takes 72 MB
        "model_file_bytes": Limit(2**29, "bytes", "one file with weights of 4 bits"),
        "vocabulary_tokens": Limit(2**21, "tokens", "one vocabulary"),
        # GPT-2's longest token has 128, and BERT's 18; byte pairs of repetitive texts grow longer
        "token_characters": Limit(4096, "characters", "one token of a vocabulary"),
        # SentencePiece's default is 16; each letter of a text is compared with all pieces that begin there
        "piece_characters": Limit(64, "characters", "one token of a Unigram model"),
        # the tokenizers library takes up to 200 bytes for each character; "War and Peace" has 3,200,000
        "text_characters": Limit(4_000_000, "characters", "one text"),
        # for the same reason as archive_bytes: Parquet compresses values, and repeats them from a dictionary
        "table_bytes": Limit(2**29, "bytes", "the columns that are read of one Parquet or .gz file, unpacked"),
        "table_ratio": Limit(20, "times its own size", "one Parquet or .gz file, once it exceeds table_bytes"),
        "text_bytes": Limit(2**25, "bytes", "one text: a file, a cell, or a line of a table"),
        "record_bytes": Limit(2**27, "bytes", "one record of a TFRecord file"),
        "json_bytes": Limit(256 * 2**20, "bytes", "one JSON document, such as a line of JSON lines"),
        "json_values": Limit(10_000_000, "values", "one JSON document"),
        "json_depth": Limit(200, "levels", "lists and objects inside each other in JSON"),
        "config_bytes": Limit(
            32 * 2**20, "bytes", "one configuration of a net, such as config.json in a folder or a .keras file"
        ),
        "text_tokens": Limit(65_536, "tokens", "the longest text that a bundle reads"),
        "net_values": Limit(2**28, "values", "one output of a layer, for one example"),
        "net_steps": Limit(10_000, "repetitions", "parts or repetitions that one layer or operation asks for"),
    }
)


def highest(name: str) -> int:
    """Return the highest amount that is allowed now.

    Args:
        name: A key of ``LIMITS``.

    Returns:
        The value of ``TFFT_MAX_<NAME>``, or the default.

    Raises:
        DataError: When the environment variable is not a positive whole number.

    Example:
        >>> highest("json_depth")
        200
    """
    variable = f"TFFT_MAX_{name.upper()}"
    text = os.environ.get(variable, "").strip().replace("_", "")
    if not text:
        return LIMITS[name].default
    if not (text.isascii() and text.isdigit()) or int(text[:19]) < 1:
        raise DataError(
            f"The environment variable {variable} must be a whole number of at least 1.",
            repr(os.environ[variable][:50]),
            f"Unset it for the default, {LIMITS[name].default:,}.",
        )
    return int(text[:19])


def check(name: str, amount: int, what: str, error: type[TfftError] = DataError) -> None:
    """Refuse an amount above its limit.

    Args:
        name: A key of ``LIMITS``.
        amount: The amount that a header or listing declares, before anything is decoded or unpacked.
        what: The name of the file or value in messages.
        error: The class of the error to raise.

    Raises:
        TfftError: An instance of ``error``, when the amount is above the limit.

    Example:
        >>> check("json_depth", 100_000, "'a.jsonl', line 3")
        Traceback (most recent call last):
        tfft.core.errors.DataError: 'a.jsonl', line 3: 100,000 levels are more than the limit. Got: limit 200. Fix the file, or \
set the environment variable TFFT_MAX_JSON_DEPTH=100000 to allow it.
    """
    limit = highest(name)
    if amount > limit:
        raise error(
            f"{what}: {amount:,} {LIMITS[name].unit} are more than the limit.",
            f"limit {limit:,}",
            f"Fix the file, or set the environment variable TFFT_MAX_{name.upper()}={amount} to allow it.",
        )
