"""The page of a service, in a real browser: a photo or a text in, labels out, in English and Chinese."""

import pytest
from PIL import Image

import tfft
from tests.browser import CHROMIUM, Browser
from tests.conftest import picture
from tests.serving.conftest import predictor_of, running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]
READY = "typeof about === 'object' && about !== null"


@pytest.fixture
def browser(tmp_path):
    with Browser(tmp_path / "profile") as made:
        yield made


def test_a_photo_gets_labels_in_the_language_of_the_browser(browser, tmp_path):
    predictor = predictor_of("toy", tfft.tasks.classification(["<b>ants", "蜂"]), tmp_path)
    Image.fromarray(picture(0, (40, 50))).save(tmp_path / "photo.jpg")
    (wanted,) = predictor.predict(tmp_path / "photo.jpg")
    with running(predictor) as service:
        browser.open(f"http://127.0.0.1:{service.port}/", locale="zh-CN")
        browser.wait(READY)
        assert "把照片拖到这里" in browser.ask("document.body.innerText")
        browser.ask("by('language').click()")
        assert "Drop a photo here" in browser.ask("document.body.innerText")
        browser.upload("#file", tmp_path / "photo.jpg")
        assert browser.wait("document.querySelector('#result .answer')?.textContent") == wanted.label
        assert browser.ask("document.querySelectorAll('#result tr').length") == 2
        assert browser.ask("document.querySelectorAll('#result b').length") == 0, "names of labels are no HTML"
        (tmp_path / "broken.jpg").write_bytes(b"not an image")
        browser.upload("#file", tmp_path / "broken.jpg")
        said = browser.wait("document.querySelector('#result .error')?.textContent")
        assert said.startswith("input 0: ")
        assert said.endswith("not an image. Repair or remove these inputs.")
        # a bundle reads as many inputs as the page sends, so the page itself never gets an error with this part
        browser.ask(
            "show = () => {}; fetch = () => Promise.resolve({ ok: false, json: () => ({ error: ERROR }) })".replace(
                "ERROR", '{ what: "Too many.", got: "65", fix: "Send fewer." }'
            )
        )
        browser.upload("#file", tmp_path / "broken.jpg")
        browser.wait("document.querySelector('#result .error')?.textContent === 'Too many. Got: 65. Send fewer.'")
        assert browser.screenshot(tmp_path / "page.png").stat().st_size > 5000


def test_a_text_gets_its_answer(browser, tmp_path):
    predictor = predictor_of("toy_text", tfft.tasks.token_classification(["per"]), tmp_path)
    with running(predictor) as service:
        browser.open(f"http://127.0.0.1:{service.port}/")
        browser.wait(READY)
        browser.ask("by('first').value = 'Ann 😀 sleeps.'; by('words').requestSubmit()")
        browser.wait(
            "document.querySelector('#result p') && document.querySelector('#result').textContent !== WORDS.en.working"
        )
        (wanted,) = predictor.predict("Ann 😀 sleeps.")
        marks = browser.ask("[...document.querySelectorAll('mark')].map((mark) => mark.firstChild.textContent)")
        assert marks == [entity.text for entity in wanted.entities]


def test_a_mask_lies_on_its_image(browser, tmp_path):
    predictor = predictor_of("toy", tfft.tasks.segmentation(["sky", "road"]), tmp_path)
    Image.fromarray(picture(0, (40, 50))).save(tmp_path / "photo.png")
    with running(predictor) as service:
        browser.open(f"http://127.0.0.1:{service.port}/")
        browser.wait(READY)
        browser.upload("#file", tmp_path / "photo.png")
        assert browser.wait("document.querySelector('img.mask')?.naturalWidth") == 50
        assert browser.ask("document.querySelectorAll('#result tr').length") == 2


@pytest.mark.parametrize("kind", ["image", "text"])
def test_the_page_of_addresses_needs_no_other_server_and_speaks_two_languages(browser, tmp_path, kind):
    task = tfft.tasks.classification(["a", "b"]) if kind == "image" else tfft.tasks.question_answering()
    with running(predictor_of("toy" if kind == "image" else "toy_text", task, tmp_path)) as service:
        start = f"http://127.0.0.1:{service.port}/"
        browser.open(f"{start}docs")
        browser.wait("document.querySelectorAll('h2').length")
        said = browser.ask("document.body.innerText")
        wanted = (
            "-F images=@photo.jpg -F images=@other.jpg" if kind == "image" else '[["Who sleeps?","Ann sleeps here."]]'
        )
        assert wanted in said
        assert f"{start}predict" in said
        assert "An input cannot be read" in said
        browser.ask("by('language').click()")
        said = browser.ask("document.body.innerText")
        assert "有输入无法读取" in said
        described = "[...document.querySelectorAll('main p, main td + td')].map((each) => each.textContent)"
        english = [each for each in browser.ask(described) if each.isascii()]
        assert english == []
        loaded = browser.ask("performance.getEntriesByType('resource').map((each) => each.name)")
        assert len(loaded) == 2
        assert all(name.startswith(start) for name in loaded)
