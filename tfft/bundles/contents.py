"""The names of the files of a bundle."""

import re

from tfft.bundles import manifest, records

MANIFEST, NET, TOKENIZER = manifest.NAME, "net.keras", "tokenizer"
CONTENTS = frozenset((MANIFEST, NET, TOKENIZER, records.CARD, *records.RECORDS))
README = "README.md"
"""The name of the model card in a repository."""
_ASSET = re.compile(rf"{TOKENIZER}/\w[\w.-]*", re.ASCII)


def is_file(name: str) -> bool:
    """Return whether a bundle has a file of this name.

    Args:
        name: A path inside of the bundle, with ``/``.

    Returns:
        True for the files of a bundle, and for files with plain names in the folder of its tokenizer.

    Example:
        >>> is_file("net.keras"), is_file("tokenizer/vocab.txt"), is_file("tokenizer/../x"), is_file("model.py")
        (True, True, False, False)
    """
    return name in CONTENTS - {TOKENIZER} or _ASSET.fullmatch(name) is not None
