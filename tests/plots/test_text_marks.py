"""Entities are marked in their text by how they were found; nothing from the data becomes HTML."""

from tfft.plots.text_marks import marked


def entity(label, start, end):
    return {"label": label, "start": start, "end": end}


def test_each_kind_of_error_has_its_class():
    text = "Ann Bo Cy Di Ed"
    true = [entity("per", 0, 3), entity("per", 4, 6), entity("per", 7, 9)]
    said = [entity("per", 0, 3), entity("loc", 4, 6), entity("per", 13, 15)]
    found = marked(text, true, said)
    assert '<mark class="right">Ann<sub>per</sub></mark>' in found
    assert '<mark class="mistaken">Bo<sub>per &gt; loc</sub></mark>' in found
    assert '<mark class="missed">Cy<sub>per</sub></mark>' in found
    assert '<mark class="invented">Ed<sub>per</sub></mark>' in found
    assert " Di " in found


def test_a_wrong_border_shows_both_parts():
    found = marked("New York City", [entity("loc", 0, 13)], [entity("loc", 0, 8)])
    assert found == (
        '<mark class="mistaken">New York<sub>loc</sub></mark><mark class="mistaken"> City<sub>loc &gt; none</sub></mark>'
    )


def test_texts_and_labels_are_escaped():
    found = marked("<b> & x", [entity("<script>", 0, 3)], [])
    assert "<b>" not in found
    assert "<script>" not in found
    assert "&lt;script&gt;" in found
    assert marked("", [], []) == ""
