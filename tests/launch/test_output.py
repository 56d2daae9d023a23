"""Output arrives in pieces and leaves in lines."""

from tfft.launch.output import LAST_LINES, LineCutter


def test_lines_are_cut_wherever_the_pieces_end():
    cutter = LineCutter()
    text = "Zug\n\nfährt ab\r\nletzte".encode()
    found = [line for byte in text for line in cutter.feed(bytes([byte]))]
    assert found == ["Zug", "", "fährt ab"]
    assert cutter.rest() == ["letzte"]
    assert cutter.rest() == []
    assert list(cutter.last) == ["Zug", "", "fährt ab", "letzte"]


def test_only_the_last_state_of_a_progress_bar_is_kept():
    assert LineCutter().feed(b"\r 10%\r 50%\r100%\nnext\n") == ["100%", "next"]


def test_bytes_that_are_not_utf8_are_replaced():
    assert LineCutter().feed(b"\xff\n") == ["\N{REPLACEMENT CHARACTER}"]


def test_endless_output_takes_a_limited_memory():
    cutter = LineCutter()
    assert [len(line) for line in cutter.feed(b"x" * 70_000)] == [70_000]
    cutter.feed(b"line\n" * 500)
    assert len(cutter.last) == LAST_LINES
