"""Debian's Chromium without a window, driven by selenium: pages are opened from disk, with nothing else running."""

import contextlib
import os
import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
NEEDED = pytest.mark.skipif(
    BROWSER is None or DRIVER is None, reason="needs chromium and chromedriver (Debian: chromium, chromium-driver)"
)
READY_S = 20


@contextlib.contextmanager
def browser(folder, *, javascript=True, dark=False, size=(1400, 1000)):
    """A browser with a profile of its own in `folder`, and no network but files."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    words = ["--headless=new", "--disable-gpu", "--hide-scrollbars", f"--window-size={size[0]},{size[1]}"]
    words += [f"--user-data-dir={folder}", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND"]
    if os.geteuid() == 0:
        words.append("--no-sandbox")  # Chromium refuses root's sandbox; the pages are our own.
    for word in words:
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if not javascript:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        driver.set_page_load_timeout(60)
        if dark:
            scheme = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
        yield driver
    finally:
        driver.quit()


def opened(driver, path):
    """The page, once its scripts have begun."""
    driver.implicitly_wait(READY_S)
    driver.get(path.as_uri())
    driver.find_element("css selector", "body[data-ready=yes]")
    driver.implicitly_wait(0)
    return driver


def complaints(driver):
    """What the console says, but notes."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] != "INFO"]
