"""The page in a real browser: it opens from a file, its panels share one cursor, a byte shows its hex, and it is
readable without JavaScript."""

import json

import pytest
import recorded
from chromium import NEEDED, browser, complaints, opened
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.support.ui import WebDriverWait

from farhost.report.html.page import PANELS, report_html

pytestmark = NEEDED
NAMES = ["verdict", "sequence", "ribbon", "timesequence", "plots", "lanes", "faults", "sockets"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The pages of two runs, as files."""
    folder = tmp_path_factory.mktemp("pages")
    for name in ("failing", "lossy"):
        (folder / f"{name}.html").write_text(report_html(getattr(recorded, name)()), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def page(chromium, pages):
    """The page of the run that failed."""
    return opened(chromium, pages / "failing.html")


@pytest.fixture
def lossy(chromium, pages):
    """The page of the run over a bad link, of which a window is shown at first."""
    return opened(chromium, pages / "lossy.html")


def all_of(driver, selector):
    return driver.find_elements("css selector", selector)


def one_of(driver, selector):
    found = all_of(driver, selector)
    assert found, f"nothing is {selector}"
    return found[0]


def cursor_ns(driver):
    return int(one_of(driver, "body").get_attribute("data-cursor-ns"))


def set_cursor(driver, time_ns):
    driver.execute_script("farhost.page.setCursor(arguments[0])", time_ns)


def test_it_opens_from_a_file_without_a_complaint_and_asks_for_nothing_else(page, pages):
    assert complaints(page) == []
    asked = []
    for entry in page.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"])
    assert [url for url in asked if url.startswith(("http", "ws"))] == []
    assert any(url.endswith("/failing.html") for url in asked)


def test_all_panels_are_present_and_have_something_in_them(page):
    assert [section.get_attribute("id") for section in all_of(page, "main > section")] == [
        f"panel-{n}" for n in NAMES
    ]
    assert len(PANELS) == len(NAMES)
    for name in NAMES:
        assert len(one_of(page, f"#panel-{name} .body").text) > 10, name
    for name in ("sequence", "ribbon", "timesequence", "lanes"):
        assert all_of(page, f"#panel-{name} svg"), name
    assert all_of(page, "#panel-plots .uplot canvas")


def where(driver):
    """Where each panel's cursor is, or what it says of it."""
    return driver.execute_script(
        """
        const place = (selector) => {
          const found = document.querySelector(selector);
          if (!found) return null;
          const box = found.getBoundingClientRect();
          const own = found.closest(".body").getBoundingClientRect();
          return [Math.round(box.left - own.left), Math.round(box.top - own.top), found.getAttribute("style")].join();
        };
        return {
          sequence: place("#panel-sequence .sequence-cursor"),
          timesequence: place("#panel-timesequence line.cursor"),
          plots: place("#panel-plots .page-cursor"),
          lanes: place("#panel-lanes .lanes-cursor"),
          told: document.querySelector("#panel-lanes .lanes-now").textContent,
          ribbon: document.querySelectorAll("#panel-ribbon .block.ghost").length,
          sockets: [...document.querySelectorAll("#panel-sockets .ss")].map((one) => one.textContent).join(),
        };
        """
    )


def test_one_cursor_moves_all_panels(lossy):
    before = where(lossy)
    at_ns = cursor_ns(lossy)
    set_cursor(lossy, 300_000_000)
    after = where(lossy)
    assert cursor_ns(lossy) == 300_000_000 != at_ns
    assert None not in before.values()
    assert {name for name in before if before[name] == after[name]} == set()


def test_keys_go_from_moment_to_moment_and_back_to_where_it_matters(page):
    moment_ns = cursor_ns(page)
    body = one_of(page, "body")
    body.send_keys(Keys.ARROW_LEFT)
    assert cursor_ns(page) < moment_ns
    body.send_keys(Keys.ARROW_RIGHT)
    assert cursor_ns(page) == moment_ns
    set_cursor(page, 0)
    body.send_keys(Keys.HOME)
    assert cursor_ns(page) == moment_ns


def test_a_click_on_a_byte_shows_its_hex(page):
    def shown():
        return [element for element in all_of(page, "#panel-ribbon .hex") if element.is_displayed()]

    assert shown() == []
    block = one_of(page, "#panel-ribbon g.block.write[data-start='0'] rect")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", block)
    # Near the left edge: the write's first bytes.
    width = block.rect["width"]
    ActionChains(page).move_to_element_with_offset(block, int(3 - width / 2), 0).click().perform()
    (dump,) = shown()
    assert recorded.REPORT[:8].hex(" ") in dump.text
    assert "sensor" in dump.text
    marked = dump.find_elements("css selector", "mark")[0]
    assert marked.text in recorded.REPORT[:64].hex(" ")


def test_a_click_on_a_call_sets_the_cursor_for_all(page):
    set_cursor(page, 0)
    call = all_of(page, "#panel-lanes g.call[data-end]")[-1]
    page.execute_script("arguments[0].scrollIntoView({block: 'center', inline: 'center'})", call)
    before = where(page)
    ActionChains(page).move_to_element(call).click().perform()
    assert cursor_ns(page) > 0
    assert where(page)["sequence"] != before["sequence"]


def test_lost_packets_are_drawn_as_such(lossy):
    assert all_of(lossy, "#panel-sequence .died")
    assert all_of(lossy, "#panel-timesequence .graphs .mark.R")


def test_earlier_events_come_when_they_are_scrolled_to(lossy):
    def in_the_first_part():
        found = all_of(lossy, "#panel-sequence .sequence-piece[data-piece='0'] .journey")
        return len(found)

    assert in_the_first_part() == 0
    set_cursor(lossy, 0)
    WebDriverWait(lossy, 10).until(lambda driver: in_the_first_part() > 0)


def test_each_fault_of_a_run_has_a_moment_that_the_cursor_goes_to(lossy):
    button = one_of(lossy, "#panel-faults button.moment")
    lossy.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    button.click()
    assert cursor_ns(lossy) == int(button.get_attribute("data-time"))


def test_the_socket_table_is_that_of_the_cursor(page):
    set_cursor(page, 0)
    early = one_of(page, "#panel-sockets .body").text
    set_cursor(page, 230_000_000)
    late = one_of(page, "#panel-sockets .body").text
    assert "ESTAB" not in early
    assert "LISTEN" in late
    assert "Recv-Q" in late


def test_without_javascript_everything_is_there_to_read(tmp_path, pages):
    with browser(tmp_path / "profile", javascript=False) as driver:
        driver.implicitly_wait(0)
        driver.get((pages / "failing.html").as_uri())
        assert "no-script" in one_of(driver, "body").get_attribute("class")
        assert one_of(driver, "body").get_attribute("data-ready") is None
        for name in NAMES:
            assert len(one_of(driver, f"#panel-{name} .body").text) > 10, name
        for name in ("sequence", "ribbon", "timesequence", "plots", "lanes"):
            assert any(svg.is_displayed() for svg in all_of(driver, f"#panel-{name} svg")), name
        assert "JSONDecodeError" in one_of(driver, "#panel-lanes").text
        assert not one_of(driver, "#cursor-bar").is_displayed()


def test_a_narrow_screen_has_no_sideways_scrolling_but_in_pictures(tmp_path, pages):
    with browser(tmp_path / "profile", size=(500, 900)) as driver:
        opened(driver, pages / "failing.html")
        assert driver.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
        assert complaints(driver) == []
