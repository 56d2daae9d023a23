"""Tables for notebooks and the report page are safe for text from any source."""

import pytest

from tfft.core.html_tables import breakable, escape, table

NASTY = '<script>alert("x")</script>\x1b[31m\0\u202e'


def test_hostile_text_stays_text_in_cells_headings_and_captions():
    made = table([{NASTY: NASTY, "count": 1}], caption=NASTY)
    assert "<script" not in made
    assert made.count("&lt;script&gt;alert(") == 3
    for letter in "\x1b\0\u202e":
        assert letter not in made
    assert escape(NASTY) == "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;\\u001b[31m\\u0000\\u202e"


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("a/b_c-d.jpg", "a/<wbr>b_<wbr>c-<wbr>d.<wbr>jpg"),
        ("0.9333", "0.9333"),
        ("-0.5 to 1,090", "-0.5 to 1,090"),
        ("one, two", "one, two"),
        ("a & b", "a &amp; b"),
        ("mobilenet_v2_0.35", "mobilenet_<wbr>v2_<wbr>0.35"),
        (r"C:\photos\1.jpg", r"C:\<wbr>photos\<wbr>1.<wbr>jpg"),
    ],
)
def test_names_break_at_separators_and_numbers_do_not(text, broken):
    assert breakable(text) == broken


def test_numbers_are_aligned_and_none_is_empty():
    made = table(
        [{"part": "train", "examples": 1090, "share": 0.25}, {"part": None, "examples": 3, "share": 0.5}],
        decimal="{:.3f}".format,
    )
    assert '<td class="number" style="text-align: right">1,090</td>' in made
    assert ">0.250</td>" in made
    assert "<td></td>" in made
    assert "<th>part</th>" in made
