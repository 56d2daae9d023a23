"""What hides is not seen, and links that lead back end."""

from tfft.data.walking import files_below, holds_texts, images_below, visible_folders


def test_files_folders_and_images_below_a_folder(tmp_path):
    for name in ("b/2.JPG", "a/1.png", "a/notes.txt", ".git/3.png", "__MACOSX/4.png", "b/.5.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a" / "back").symlink_to(tmp_path)
    assert [path.name for path in visible_folders(tmp_path)] == ["a", "b"]
    assert images_below(tmp_path) == [str(tmp_path / "a/1.png"), str(tmp_path / "b/2.JPG")]
    assert sorted(files_below(tmp_path)) == sorted(
        str(tmp_path / name) for name in ("a/1.png", "a/notes.txt", "b/2.JPG")
    )


def test_a_folder_holds_texts_where_there_are_some_and_no_image(tmp_path):
    assert not holds_texts(tmp_path)
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "1.TXT").write_text("a film")
    assert holds_texts(tmp_path)
    (tmp_path / "good" / "2.png").touch()
    assert not holds_texts(tmp_path)
