"""The page in Debian's Chromium, used as a person would, with the default model behind it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    Page,
    Request,
    Route,
    ViewportSize,
    expect,
    sync_playwright,
)

from soundlet.bundle import default_bundle
from soundlet.naming import file_stem
from tests.end_to_end.server.conftest import Server, serving

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
FEW_STEPS = 6
PATIENCE = 120_000  # ms: for a sound on a busy machine
DESKTOP: ViewportSize = {"width": 1200, "height": 860}
PHONE: ViewportSize = {"width": 360, "height": 740}

expect.set_options(timeout=30_000)  # ms: on a busy machine nothing is sooner than it can be

PICTURES = os.environ.get("SOUNDLET_PICTURES")
"""Where screenshots go; docs/pictures holds them."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The default model behind the page; with few steps where nobody looks at the pictures."""
    folder = tmp_path_factory.mktemp("site")
    model = default_bundle() if PICTURES else hasty(default_bundle(), folder / "model")
    with serving(model, folder) as started:
        yield started


def hasty(model: Path, folder: Path) -> Path:
    """The same model with fewer steps as its default."""
    folder.mkdir()
    for file in model.iterdir():
        (folder / file.name).symlink_to(file)
    manifest = json.loads((model / "manifest.json").read_text())
    manifest["defaults"]["steps"] = FEW_STEPS
    (folder / "manifest.json").unlink()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM is not None, "run `apt-get install chromium`"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, site: Server) -> Iterator[Page]:
    """The page, opened for the first time; whatever it complains of fails the test."""
    context = browser.new_context(viewport=DESKTOP)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    opened.goto(site.address)
    expect(opened.locator("#server")).to_have_text("Ready", timeout=PATIENCE)
    yield opened
    context.close()
    assert not [text for text in complaints if "Failed to load resource" not in text]


def check(page: Page, name: str, *, full: bool = False) -> None:
    """No serious fault of accessibility in this state; a picture of it where one is wanted."""
    found = Axe().run(page).response["violations"]
    serious = [
        f"{fault['id']}: {node['html'][:120]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
    assert not serious
    assert is_within_its_window(page)
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"page-{name}.png", full_page=full)


def is_within_its_window(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def make_a_sound(page: Page, prompt: str = "kick, punchy", seconds: str = "1") -> None:
    page.fill("#seconds", seconds)
    page.fill("#prompt", prompt)
    page.press("#prompt", "Enter")
    expect(page.locator(".item .words").first).to_have_text(prompt, timeout=PATIENCE)
    expect(page.locator("#views")).to_be_visible(timeout=PATIENCE)


def is_job(request: Request) -> bool:
    return request.method == "POST" and "/v1/jobs" in request.url


COUNT_WHAT_IS_PLAYED = """async () => {
  const { player } = await import("/stage.js");
  const play = player.play.bind(player);
  window.plays = 0;
  player.play = (...from) => { window.plays++; play(...from); };
}"""

REMEMBER_WHAT_IS_SAID = """() => {
  window.said = [];
  const note = () => document.querySelectorAll("#jobs .said").forEach(
    (row) => window.said.push(row.textContent));
  new MutationObserver(note).observe(
    document.querySelector("#jobs"), {childList: true, subtree: true, characterData: true});
}"""


def test_a_first_sound_takes_two_actions(page: Page) -> None:
    check(page, "empty")
    page.evaluate(REMEMBER_WHAT_IS_SAID)  # a step may be over sooner than one can look
    page.keyboard.type("rain")  # the prompt has the focus
    page.keyboard.press("Enter")
    expect(page.locator("#jobs .said")).to_be_attached(timeout=PATIENCE)
    check(page, "busy")
    expect(page.locator("#stage-title")).to_have_text("rain", timeout=PATIENCE)
    assert any(text.startswith("Step ") for text in page.evaluate("window.said"))
    expect(page.locator("#play")).to_have_attribute("aria-label", "Pause")
    drawn = page.evaluate(
        "[...document.querySelector('#wave').getContext('2d')"
        ".getImageData(0, 0, 300, 130).data].some(Boolean)"
    )
    assert drawn


def test_an_idea_is_made_as_it_is_told(page: Page) -> None:
    for name in ("#ideas .chip:text-is('kick, 909 kit, punchy')", "#surprise"):
        with page.expect_request(is_job) as asked:
            page.click(name)
        body = asked.value.post_data_json
        assert body is not None
        preview = page.locator("#preview q")
        shown = preview.inner_text() if preview.is_visible() else page.input_value("#prompt")
        assert body["prompt"] == shown
        page.click("#jobs button >> nth=0")
        expect(page.locator("#jobs li")).to_have_count(0, timeout=PATIENCE)


def test_a_loop_of_bars_is_made_and_played_around(page: Page) -> None:
    page.check("input[value=bars]")
    page.select_option("#bars", "1")
    page.click("#chip-genre")
    check(page, "picker")
    page.click("#picker button:text-is('techno')")
    page.click("#chip-elements")
    page.fill("#picker input[type=search]", "909")
    page.keyboard.press("Enter")
    expect(page.locator("#picker-clear")).to_be_enabled()
    check(page, "words")
    page.click("#picker button:text-is('Done')")
    expect(page.locator("#chip-elements")).to_have_text("Elements: 909 kit")
    page.click("#chip-tempo")
    page.click("#picker button:text-is('128')")
    page.fill("#prompt", "drum loop")
    page.click("#go")
    expect(page.locator("#stage-title")).to_have_text(
        "techno, drum loop, 909 kit, 128 BPM", timeout=PATIENCE
    )
    expect(page.locator("#loop")).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(2500)  # longer than the bar
    expect(page.locator("#play")).to_have_attribute("aria-label", "Pause")
    check(page, "loop")


def test_a_dragged_region_is_made_anew_and_compared(page: Page) -> None:
    make_a_sound(page, "techno drum loop, 120 BPM", "2")
    box = page.locator("#views").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 40, steps=4)
    page.mouse.up()
    expect(page.locator("#region-told")).to_have_text("1.00 to 1.50 s selected")
    page.fill("#region-prompt", "snare")
    check(page, "region")
    page.click("#inpaint")
    expect(page.locator("#side-b")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#stage-title")).to_have_text("snare")
    check(page, "compare")
    page.click("#side-a")
    expect(page.locator("#stage-title")).to_have_text("techno drum loop, 120 BPM")


def test_a_job_is_cancelled(page: Page) -> None:
    page.click("#advanced summary")
    page.fill("#steps", "1000")
    page.fill("#prompt", "wind")
    page.press("#prompt", "Enter")
    expect(page.locator("#jobs .said")).to_contain_text("Step", timeout=PATIENCE)
    page.click("#jobs button")
    expect(page.locator("#pending")).to_be_hidden(timeout=PATIENCE)
    expect(page.locator(".item")).to_have_count(0)


def test_the_history_survives_a_reload(page: Page) -> None:
    make_a_sound(page, seconds="1.23456")
    page.click(".item .star")
    expect(page.locator(".item .star")).to_have_attribute("aria-pressed", "true")
    seed = page.locator("#stage-facts").inner_text()
    page.reload()
    expect(page.locator(".item")).to_have_count(1)
    expect(page.locator("#stage-facts")).to_have_text(seed)
    expect(page.locator(".item .star")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    page.click("#reuse")
    expect(page.locator("#prompt")).to_have_value("kick, punchy")
    expect(page.locator("#seconds")).to_have_value("1.23456")
    expect(page.locator("#lock")).to_have_attribute("aria-pressed", "true")
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename.startswith("kick-punchy_")
    assert Path(download.value.path()).read_bytes()[:4] == b"RIFF"


def with_another_model(route: Route) -> None:
    """The models of the server, and one more, of another name and with the same limits."""
    answer = route.fetch()
    told = answer.json()
    told["models"].append({**told["models"][0], "name": "another"})
    route.fulfill(response=answer, json=told)


@pytest.mark.parametrize(("is_loop", "path"), [(True, "/v1/jobs/loop"), (False, "/v1/jobs")])
def test_the_settings_of_a_sound_ask_for_it_again(page: Page, is_loop: bool, path: str) -> None:
    page.route("**/v1/models", with_another_model)
    page.reload()
    expect(page.locator("#model")).to_be_visible()
    page.check("input[value=bars]")
    page.select_option("#bars", "1")
    page.set_checked("#seamless", is_loop)
    page.fill("#prompt", "kick")
    with page.expect_request(is_job) as asked:
        page.press("#prompt", "Enter")
    expect(page.locator(".item")).to_have_count(1, timeout=PATIENCE)
    page.set_checked("#seamless", not is_loop)
    page.select_option("#model", "another")
    page.click("#reuse")
    with page.expect_request(is_job) as again:
        page.click("#go")
    assert again.value.url.endswith(path)
    assert again.value.url == asked.value.url
    first, second = asked.value.post_data_json, again.value.post_data_json
    assert first is not None
    assert second is not None
    assert {name: second[name] for name in first} == first


def test_errors_say_what_to_do(page: Page) -> None:
    page.press("#prompt", "Enter")
    expect(page.locator("#prompt-error")).to_contain_text("Say what it should sound like")
    page.fill("#prompt", "drum " * 200)
    page.press("#prompt", "Enter")
    expect(page.locator("#prompt-error")).to_contain_text("tokens")
    expect(page.locator("#prompt-error")).not_to_contain_text("truncate")
    check(page, "error")
    page.route("**/v1/jobs", lambda route: route.abort())
    page.fill("#prompt", "wind")
    page.press("#prompt", "Enter")
    expect(page.locator("#alert")).to_contain_text("Is soundlet serve still running?")
    check(page, "offline")


def test_a_fault_of_an_edit_is_shown_where_it_was_asked(page: Page) -> None:
    make_a_sound(page)
    page.click("#edit summary")
    page.fill("#edit-prompt", "kick " * 100)
    page.click("#restyle")
    expect(page.locator("#edit-error")).to_contain_text("tokens")
    expect(page.locator("#edit-error")).not_to_contain_text("truncate")
    expect(page.locator("#edit-prompt")).to_be_focused()
    expect(page.locator("[aria-invalid]")).to_have_count(1)
    page.locator("#views").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    page.fill("#region-prompt", "kick " * 100)
    page.click("#inpaint")
    expect(page.locator("#region-error")).to_contain_text("tokens")
    expect(page.locator("#region-prompt")).to_be_focused()
    expect(page.locator("#edit-error")).to_be_empty()
    page.fill("#region-prompt", "kick")
    expect(page.locator("#region-error")).to_be_empty()
    expect(page.locator("#prompt-error")).to_be_empty()


def test_an_edit_takes_back_what_was_said_of_the_last_one(page: Page) -> None:
    make_a_sound(page)
    page.click("#edit summary")
    page.route("**/v1/jobs/outpaint", lambda route: route.abort())
    page.click("#continue")
    expect(page.locator("#alert")).to_contain_text("Is soundlet serve still running?")
    page.unroute("**/v1/jobs/outpaint")
    page.click("#restyle")
    expect(page.locator("#alert")).to_be_empty()
    expect(page.locator("#side-b")).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("steps", "e", "Steps: a whole number from 1 to 1000"),
        ("steps", "1.5", "Steps: a whole number from 1 to 1000"),
        ("cfg_scale", "-", "Guidance: a number from 0 to 100"),
    ],
)
def test_a_setting_that_cannot_be_read_is_told(
    page: Page, field: str, typed: str, said: str
) -> None:
    page.fill("#prompt", "kick")
    page.click("#advanced summary")
    page.locator(f"#{field}").press_sequentially(typed)
    page.click("#go")
    expect(page.locator("#advanced-error")).to_contain_text(said)
    expect(page.locator(f"#{field}")).to_be_focused()
    expect(page.locator("#jobs li")).to_have_count(0)


def test_seconds_to_add_that_are_no_number_in_their_range_are_told(page: Page) -> None:
    make_a_sound(page)
    page.click("#edit summary")
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if is_job(request) else None)
    for typed in ("0", "", "-", "200"):
        page.fill("#added", "")
        page.locator("#added").press_sequentially(typed)
        expect(page.locator("#edit-error")).to_be_empty()
        page.click("#continue")
        expect(page.locator("#edit-error")).to_have_text(
            "Seconds to add: a number from 0.1 to 120."
        )
        expect(page.locator("#added")).to_be_focused()
    assert not asked


def test_the_shortest_sound_is_the_shortest_of_the_model(page: Page) -> None:
    page.fill("#seconds", "0.05")
    assert page.evaluate("document.querySelector('#seconds').validity.valid")
    page.fill("#prompt", "kick")
    for seconds, said in (("0.00001", "from 2.27e-05"), ("0", "above 0")):
        page.fill("#seconds", seconds)
        assert not page.evaluate("document.querySelector('#seconds').validity.valid")
        page.click("#go")
        expect(page.locator("#seconds-error")).to_contain_text(said)


def test_everything_is_done_by_keyboard(page: Page) -> None:
    make_a_sound(page)
    expect(page.locator("#play")).to_have_attribute("aria-label", "Pause")
    page.keyboard.press("Escape")
    expect(page.locator("#play")).to_have_attribute("aria-label", "Play")  # it has ended
    page.locator("#views").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+Alt+ArrowRight")
    page.keyboard.press("Shift+Alt+ArrowRight")
    expect(page.locator("#region-told")).to_have_text("0.00 to 0.10 s selected")
    page.keyboard.press("Escape")
    expect(page.locator("#region")).to_be_hidden()
    page.keyboard.press("l")
    expect(page.locator("#loop")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("f")
    expect(page.locator("#favourite")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Space")
    playing = page.locator("#play").get_attribute("aria-label")
    page.keyboard.press("Space")
    assert page.locator("#play").get_attribute("aria-label") != playing
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    check(page, "keyboard")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    expect(page.locator("#prompt")).to_be_focused()


def test_it_fits_a_phone_in_the_dark(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    make_a_sound(page)
    check(page, "phone", full=True)


def test_a_sound_is_shown_in_the_dark(page: Page) -> None:
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="dark")
    make_a_sound(page, "house, drum loop, 909 kit, 124 BPM", "4")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    check(page, "dark")


def test_it_is_small_and_asks_nobody_else(page: Page, site: Server) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    expect(page.locator("#server")).to_have_text("Ready", timeout=PATIENCE)
    assert all(url.startswith(site.address) for url in asked)
    folder = Path(default_bundle()).parent / "server" / "page"
    assert sum(file.stat().st_size for file in folder.iterdir()) < 150_000


REFUSE_TO_KEEP = """IDBFactory.prototype.open = () => {
  throw new DOMException("refused", "SecurityError");
};"""
KEEP_NO_MORE = """() => {
  IDBObjectStore.prototype.put = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
}"""
SLOW_FIRST_DECODING = """() => {
  const decode = AudioContext.prototype.decodeAudioData;
  let count = 0;
  AudioContext.prototype.decodeAudioData = async function (data) {
    if (count++ === 0) await new Promise((resolve) => setTimeout(resolve, 1000));
    return decode.call(this, data);
  };
}"""
DAMAGE_THE_NEWEST = """() => new Promise((resolve) => {
  indexedDB.open("soundlet", 1).onsuccess = (opened) => {
    const store = opened.target.result.transaction("sounds", "readwrite").objectStore("sounds");
    store.getAll().onsuccess = ({ target }) => {
      const [newest] = target.result.sort((a, b) => b.created - a.created);
      store.put({ ...newest, blob: new Blob(["no sound"]) }).onsuccess = () => resolve();
    };
  };
})"""
DEVICE_OF_48_KHZ = """const Clock = AudioContext;
window.AudioContext = class extends Clock {
  constructor(options) { super({ sampleRate: 48000, ...options }); }
};"""
CLEAR_A_REGION_THAT_LOOPS = """async () => {
  const { player } = await import("/stage.js");
  player.setLoop(true);
  player.play();
  player.setRegion([0.1, 0.3]);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const before = player.position;
  player.setRegion(null);
  return [before, player.position];
}"""


def start_a_long_job(page: Page, prompt: str, steps: int = 1000) -> None:
    if not page.locator("#steps").is_visible():
        page.click("#advanced summary")
    page.fill("#steps", str(steps))
    page.fill("#seconds", "1")
    page.fill("#prompt", prompt)
    page.press("#prompt", "Enter")


def drag(page: Page, first: float, last: float) -> None:
    """Over the views, from one part of their width to another."""
    box = page.locator("#views").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + first * box["width"], box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + last * box["width"], box["y"] + 40, steps=4)
    page.mouse.up()


def test_a_reload_finds_the_jobs_of_all_pages_again(page: Page, site: Server) -> None:
    start_a_long_job(page, "wind")
    expect(page.locator("#jobs .said")).to_contain_text("Step", timeout=PATIENCE)
    start_a_long_job(page, "rain", steps=1)
    expect(page.locator("#jobs .said >> nth=1")).to_contain_text("Waiting", timeout=PATIENCE)
    other = page.context.new_page()
    other.goto(site.address)
    expect(other.locator("#jobs li")).to_have_count(2)
    page.reload()
    expect(page.locator("#jobs li")).to_have_count(2)
    page.click("#jobs li:has-text('wind') button")
    for opened in (page, other):
        expect(opened.locator(".item")).to_have_count(1, timeout=PATIENCE)
        expect(opened.locator("#pending")).to_be_hidden()
    page.reload()
    expect(page.locator(".item")).to_have_count(1)
    expect(page.locator("#pending")).to_be_hidden()


def test_jobs_of_one_page_are_not_forgotten_by_another(page: Page, site: Server) -> None:
    other = page.context.new_page()
    other.goto(site.address)
    expect(other.locator("#server")).to_have_text("Ready", timeout=PATIENCE)
    for opened, prompt in ((page, "wind"), (other, "rain")):
        start_a_long_job(opened, prompt)
        at_the_server = re.compile("Waiting|Starting|Step")
        expect(opened.locator("#jobs .said")).to_contain_text(at_the_server, timeout=PATIENCE)
    page.reload()
    expect(page.locator("#jobs li")).to_have_count(2)
    while page.locator("#jobs button:enabled").count():
        page.click("#jobs button:enabled >> nth=0")
    for opened in (page, other):
        expect(opened.locator("#pending")).to_be_hidden(timeout=PATIENCE)


def test_the_sound_of_a_job_is_played_by_the_page_that_began_it(page: Page, site: Server) -> None:
    start_a_long_job(page, "wind", steps=50)
    expect(page.locator("#jobs .said")).to_contain_text("Step", timeout=PATIENCE)
    other = page.context.new_page()
    other.goto(site.address)
    for opened in (page, other):
        opened.evaluate(COUNT_WHAT_IS_PLAYED)
    for opened, plays in ((page, 1), (other, 0)):
        expect(opened.locator("#views")).to_be_visible(timeout=PATIENCE)
        assert opened.evaluate("window.plays") == plays


def test_of_two_compared_sounds_the_one_that_is_heard_is_marked(page: Page) -> None:
    make_a_sound(page)
    page.evaluate(
        """async () => {
          const { compare, current } = await import("/stage.js");
          await compare({ ...current(), id: "damaged", blob: new Blob(["no sound"]) });
        }"""
    )
    expect(page.locator("#alert")).to_contain_text("cannot be played")
    expect(page.locator("#side-a")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#side-b")).to_have_attribute("aria-pressed", "false")


def test_that_the_server_does_not_answer_is_told_as_soon_as_it_is_asked(page: Page) -> None:
    for path in ("readyz", "v1/jobs"):
        page.route(f"**/{path}", lambda route: route.abort())
    page.fill("#prompt", "kick")
    page.press("#prompt", "Enter")
    expect(page.locator("#server")).to_have_text("The server does not answer", timeout=10_000)
    page.unroute("**/readyz")
    expect(page.locator("#server")).to_have_text("Ready")


def test_a_sound_that_could_not_be_fetched_arrives_after_a_reload(page: Page) -> None:
    page.route("**/audio?*", lambda route: route.abort())
    page.fill("#seconds", "1")
    page.fill("#prompt", "kick")
    page.press("#prompt", "Enter")
    expect(page.locator("#alert")).to_contain_text("did not arrive", timeout=PATIENCE)
    page.unroute("**/audio?*")
    page.reload()
    expect(page.locator(".item")).to_have_count(1, timeout=PATIENCE)


def test_any_of_many_jobs_can_be_cancelled_at_any_time(page: Page) -> None:
    page.check("input[name=variations][value='8']", force=True)
    start_a_long_job(page, "wind")
    expect(page.locator("#jobs .said:text('ing')")).to_have_count(7, timeout=PATIENCE)
    for left in range(7, -1, -1):
        page.click("#jobs li:last-child button")
        expect(page.locator("#jobs li")).to_have_count(left, timeout=10_000)
    expect(page.locator("#server")).to_have_text("Ready")


def test_where_the_browser_keeps_nothing_sounds_are_made_and_it_is_said(
    browser: Browser, site: Server
) -> None:
    context = browser.new_context(viewport=DESKTOP)
    context.add_init_script(REFUSE_TO_KEEP)
    page = context.new_page()
    page.goto(site.address)
    expect(page.locator("#alert")).to_contain_text("Sounds are lost on reload")
    make_a_sound(page)
    page.click(".item .star")
    expect(page.locator(".item .star")).to_have_attribute("aria-pressed", "true")
    page.locator(".item .open").focus()
    page.keyboard.press("Delete")
    expect(page.locator(".item")).to_have_count(0)
    context.close()


def test_what_the_browser_cannot_keep_is_said(page: Page) -> None:
    page.evaluate(KEEP_NO_MORE)
    make_a_sound(page)
    expect(page.locator("#toasts")).to_contain_text("The newest sound is lost on reload")
    page.click(".item .star")
    expect(page.locator("#toasts")).to_contain_text("The star was not set")
    expect(page.locator(".item .star")).to_have_attribute("aria-pressed", "false")


def test_a_sound_that_is_damaged_is_told_and_stops_nothing_else(page: Page) -> None:
    make_a_sound(page)
    page.evaluate(DAMAGE_THE_NEWEST)
    start_a_long_job(page, "wind")
    start_a_long_job(page, "rain", steps=1)
    expect(page.locator("#jobs .said >> nth=1")).to_contain_text("Waiting", timeout=PATIENCE)
    page.reload()
    expect(page.locator("#alert")).to_contain_text("This sound cannot be played")
    page.click("#jobs li:has-text('wind') button")
    expect(page.locator("#stage-title")).to_have_text("rain", timeout=PATIENCE)


def test_the_sound_that_was_chosen_last_is_shown(page: Page) -> None:
    for prompt in ("kick", "snare", "hat"):
        make_a_sound(page, prompt)
    page.reload()
    expect(page.locator("#stage-title")).to_have_text("hat")
    page.evaluate(SLOW_FIRST_DECODING)
    page.click(".item:nth-child(3) .open")
    page.click(".item:nth-child(2) .open")
    page.wait_for_timeout(1500)
    expect(page.locator("#stage-title")).to_have_text("snare")
    expect(page.locator(".item:nth-child(2)")).to_have_attribute("aria-current", "true")


def test_a_selection_goes_with_its_sound_and_its_keys_move_the_end_that_was_dragged(
    page: Page,
) -> None:
    make_a_sound(page, "rain", "1")
    make_a_sound(page, "wind", "4")
    page.click(".item:nth-child(1) .open")  # it is not shown by itself while rain is played
    expect(page.locator("#stage-title")).to_have_text("wind")
    drag(page, 0.9, 0.8)
    expect(page.locator("#region-told")).to_have_text("3.20 to 3.60 s selected")
    page.locator("#views").focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("#region-told")).to_have_text("2.70 to 3.60 s selected")
    drag(page, 0.1, 0.5)
    page.click(".item:nth-child(2) [data-control=compare]")
    expect(page.locator("#stage-title")).to_have_text("rain")
    expect(page.locator("#region-told")).to_have_text("0.40 to 1.00 s selected")
    page.click("#side-a")
    drag(page, 0.5, 0.8)
    page.click("#side-b")
    expect(page.locator("#region")).to_be_hidden()
    page.click(".item:nth-child(1) .open")
    drag(page, 0.1, 0.2)
    expect(page.locator("#region")).to_be_visible()
    page.click(".item:nth-child(2) .open")
    expect(page.locator("#region")).to_be_hidden()


def test_playing_goes_on_where_it_is_when_a_selection_that_loops_is_cleared(page: Page) -> None:
    make_a_sound(page)
    before, after = page.evaluate(CLEAR_A_REGION_THAT_LOOPS)
    assert after == pytest.approx(before, abs=0.01)


def test_loops_are_played_sample_by_sample_whatever_the_device(
    browser: Browser, site: Server
) -> None:
    context = browser.new_context()
    context.add_init_script(DEVICE_OF_48_KHZ)
    page = context.new_page()
    page.goto(site.address)
    make_a_sound(page)
    rate = page.evaluate(
        """async () => {
          const { bufferOf, current } = await import("/stage.js");
          return (await bufferOf(current())).sampleRate;
        }"""
    )
    assert rate == 44100
    context.close()


def test_a_tempo_that_no_sound_has_draws_no_beats(page: Page) -> None:
    make_a_sound(page, "kick 99999999999999 BPM")
    expect(page.locator("#grid")).to_be_hidden()


def test_a_file_is_named_by_whole_words_of_every_script(page: Page) -> None:
    prompt = "हिन्दी ☔\ufe0f kick!"
    name = page.evaluate(
        """async (prompt) => {
          const { fileName } = await import("/stage.js");
          return fileName({ request: { prompt, seed: 1 } }, "wav");
        }""",
        prompt,
    )
    assert name == f"{file_stem(prompt, 1)}.wav" == "हिन्दी-kick_1.wav"


def test_a_format_that_the_server_can_no_longer_give_is_told(page: Page) -> None:
    make_a_sound(page)
    with page.expect_download() as download:
        page.select_option("#format", "flac")
        page.click("#download")
    assert Path(download.value.path()).read_bytes()[:4] == b"fLaC"
    gone = json.dumps({"detail": "There is no such job."})
    page.route("**/audio?*", lambda route: route.fulfill(status=404, body=gone))
    page.select_option("#format", "mp3")
    page.click("#download")
    expect(page.locator("#alert")).to_contain_text("There is no such job. This browser has it as")


def test_deleting_by_keyboard_goes_on_to_the_next_in_the_list(page: Page) -> None:
    for prompt in ("kick", "snare", "hat", "clap"):
        make_a_sound(page, prompt)
    page.locator(".item:nth-child(3) .open").focus()
    for left, focused in ((3, "kick"), (2, "hat")):
        page.keyboard.press("Delete")
        expect(page.locator(".item")).to_have_count(left)
        expect(page.locator(".open:focus .words")).to_have_text(focused)


def test_a_small_phone_holds_the_first_look_and_odd_prompts(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    expect(page.locator("#ideas .chip").first).to_be_visible()
    assert is_within_its_window(page)
    make_a_sound(page, "🎹" * 400)
    toast = page.locator(".toast").bounding_box()
    assert toast is not None
    assert toast["height"] < 200
    assert is_within_its_window(page)


def test_a_picker_closes_whatever_is_in_it(page: Page) -> None:
    page.click("#chip-tempo")
    page.fill("#picker input[type=number]", "5")
    page.click("#picker .bar button")
    expect(page.locator("#picker")).to_be_hidden()


def test_a_deleted_sound_that_gets_a_star_is_back_in_the_list_once(page: Page) -> None:
    make_a_sound(page)
    page.click(".item [data-control=remove]")
    expect(page.locator(".item")).to_have_count(0)
    page.click("#favourite")
    expect(page.locator(".item .star")).to_have_attribute("aria-pressed", "true")
    page.click(".toast button:text-is('Undo')")
    page.reload()
    expect(page.locator(".item")).to_have_count(1)
