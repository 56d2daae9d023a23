"""Convert tags of entities in the schemes of public corpora (IOB1, IOB2, BIOES, BILOU) to IOB2, and find malformed ones."""

from collections.abc import Iterable, Sequence

OUTSIDE = "O"
_BEGIN, _INSIDE, _END, _SINGLE = "B", "I", "EL", "SU"
PREFIXES = _BEGIN + _INSIDE + _END + _SINGLE


def parts(tag: str) -> tuple[str, str] | None:
    """Split a tag into its prefix and its type.

    Args:
        tag: Such as ``"B-person"``.

    Returns:
        ``("B", "person")``; ``("O", "")`` outside of entities; None for anything else.

    Example:
        >>> parts("I-work-of-art"), parts("O"), parts("X-place"), parts("B-")
        (('I', 'work-of-art'), ('O', ''), None, None)
    """
    if tag == OUTSIDE:
        return OUTSIDE, ""
    prefix, dash, kind = tag.partition("-")
    return (prefix, kind) if dash and kind.strip() and len(prefix) == 1 and prefix in PREFIXES else None


def types(tags: Iterable[str]) -> list[str]:
    """List the types of entities in tags.

    Args:
        tags: Valid tags.

    Returns:
        The types, sorted.

    Example:
        >>> types(["O", "B-place", "I-place", "S-person"])
        ['person', 'place']
    """
    return sorted({found[1] for tag in set(tags) if (found := parts(tag)) is not None and found[1]})


def begins_inside(sentences: Iterable[Sequence[str]]) -> bool:
    """Tell whether tags follow IOB1, in which an entity begins with "I" unless it follows another one of its type.

    Args:
        sentences: The tags of each sentence.

    Returns:
        True when no entity begins with another prefix where "I" would do, and at least one begins with "I".

    Example:
        >>> begins_inside([["I-place", "B-place", "O"]]), begins_inside([["B-place", "O"]]), begins_inside([["O"]])
        (True, False, False)
    """
    began = False
    for tags in sentences:
        before = ""
        for tag in tags:
            prefix, kind = parts(tag) or (OUTSIDE, "")
            if prefix in _END + _SINGLE or (prefix == _BEGIN and before != kind):
                return False
            began |= prefix == _INSIDE and before != kind
            before = kind
    return began


def to_iob2(tags: Sequence[str], first_inside: bool = False) -> tuple[list[str], list[int]]:
    """Convert the tags of one sentence to IOB2: "B" begins an entity, "I" continues it.

    Args:
        tags: Valid tags of any of the schemes.
        first_inside: Whether an entity may begin with "I", as in IOB1.

    Returns:
        The tags in IOB2, and the positions of malformed ones: "I" or "E" without a beginning, which begins an entity, as in
        seqeval; and an entity in BIOES that does not end.

    Example:
        >>> to_iob2(["B-a", "E-a", "S-b", "O"]), to_iob2(["O", "I-a", "I-a"])
        ((['B-a', 'I-a', 'B-b', 'O'], []), (['O', 'B-a', 'I-a'], [1]))
    """
    ends = any((parts(tag) or ("",))[0] in _END + _SINGLE for tag in tags)
    found, malformed, open_type = [], [], ""
    for place, tag in enumerate(tags):
        prefix, kind = parts(tag) or (OUTSIDE, "")
        continues = prefix in _INSIDE + _END and open_type == kind
        if ends and open_type and not continues and place:
            malformed.append(place - 1)
        if prefix in _INSIDE + _END and not continues and not first_inside:
            malformed.append(place)
        found.append(OUTSIDE if prefix == OUTSIDE else f"{'I' if continues else 'B'}-{kind}")
        open_type = "" if prefix in OUTSIDE + _END + _SINGLE else kind
    if ends and open_type:
        malformed.append(len(tags) - 1)
    return found, sorted(set(malformed))
