"""Compare the text of an answer with the accepted answers, as the official scripts of SQuAD and CMRC 2018 do."""

import re
import string
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_HAN = re.compile(r"[\u4e00-\u9fa5]")
# the signs that the script of CMRC removes: not all punctuation, for example no ASCII comma
_SIGNS = "-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』"
_WITHOUT_SIGNS = str.maketrans("", "", _SIGNS)
_UNIT = re.compile(r"[\u4e00-\u9fa5]|[^\W\u4e00-\u9fa5]+(?:[.,'][^\W\u4e00-\u9fa5]+)*|[^\w\s]")
_ALONE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")


def by_character(context: str) -> bool:
    """Return whether answers from a context are compared character by character: most of its letters are Han or kana.

    Args:
        context: The text that holds the answer.

    Example:
        >>> by_character("Beijing (北京) is the capital."), by_character("北京是中国的首都 (Beijing)。")
        (False, True)
    """
    alone = len(_ALONE.findall(context))
    return alone > 0 and 2 * alone >= len(_LETTER.findall(context))


def exact(answer: str, accepted: Sequence[str], characters: bool) -> float:
    """Return 1.0 if the answer equals an accepted one but for case, punctuation, and, for words, articles and spaces.

    Args:
        answer: The answer of a model; an empty text when it gives none.
        accepted: The accepted answers; empty when the question has no answer.
        characters: The result of ``by_character``.

    Returns:
        0.0 or 1.0.

    Source:
        ``exact_match_score`` of SQuAD's ``evaluate-v2.0.py``; ``calc_em_score`` of ``cmrc2018_evaluate.py`` for characters.

    Example:
        >>> exact("The Denver Broncos.", ["Denver Broncos"], False), exact("《红楼梦》", ["红楼梦"], True), exact("", [], False)
        (1.0, 1.0, 1.0)
    """
    plain = _without_signs if characters else _plain_words
    return float(any(plain(answer) == plain(each) for each in _compared(accepted, characters)))


def f1(answer: str, accepted: Sequence[str], characters: bool) -> float:
    """Return the F1 of the words of an answer, or of its longest common part by characters; the best over the accepted answers.

    Args:
        answer: As for ``exact``.
        accepted: As for ``exact``.
        characters: As for ``exact``.

    Returns:
        A number in [0, 1].

    Source:
        ``compute_f1`` of SQuAD's ``evaluate-v2.0.py``; ``calc_f1_score`` of ``cmrc2018_evaluate.py`` for characters. The latter
        splits text between Han characters with NLTK, which is replaced here by an expression for words, numbers and signs.

    Example:
        >>> f1("in Denver, Colorado", ["Denver Colorado"], False), f1("北京市", ["北京"], True)
        (0.8, 0.8)
    """
    measure = _common_part if characters else _common_words
    return max(measure(answer, each) for each in _compared(accepted, characters))


def _compared(accepted: Sequence[str], characters: bool) -> Sequence[str]:
    """The accepted answers of which something is left to compare; an empty text when there is none, as in SQuAD 2.0."""
    plain = _without_signs if characters else _plain_words
    return [each for each in accepted if plain(each)] or [""]


def _plain_words(text: str) -> str:
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def _without_signs(text: str) -> str:
    return text.lower().strip().translate(_WITHOUT_SIGNS)


def _common_words(answer: str, accepted: str) -> float:
    said, true = _plain_words(answer).split(), _plain_words(accepted).split()
    if not said or not true:
        return float(said == true)
    return _harmonic(sum((Counter(said) & Counter(true)).values()), len(said), len(true))


def _common_part(answer: str, accepted: str) -> float:
    said, true = (_UNIT.findall(text.lower().strip().translate(_WITHOUT_SIGNS)) for text in (answer, accepted))
    if not said or not true:
        return float(said == true)
    common = SequenceMatcher(None, said, true, autojunk=False).find_longest_match()
    return _harmonic(common.size, len(said), len(true))


def _harmonic(common: int, said: int, true: int) -> float:
    return 2 * common / (said + true)
