"use strict";
/* The page's one moment of virtual time, and what panels share. A panel's script calls
 *   farhost.panel(name, function (root, data, page) { ...; return { cursor(timeNs) { ... } }; });
 * root: its section's .body; data: what its Python side gave (Panel.data), or null. Times are numbers of ns. */
const farhost = (function () {
  const makers = [];
  const panels = {};
  const page = { cursorNs: 0, times: [], endNs: 0, momentNs: 0, windowNs: [0, 0], panels, setCursor, seek, formatTime, axis };

  function panel(name, make) { makers.push([name, make]); }

  async function unpack(id) {
    const element = document.getElementById("packed-" + id);
    if (!element) return null;
    const bytes = Uint8Array.from(atob(element.textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }

  /* What `TimeAxis.breakpoints` gives, read in both directions. */
  function axis([times, places]) {
    function between(from, to, value) {
      if (!from.length) return 0;
      let low = 0, high = from.length - 1;
      if (value <= from[0]) return to[0];
      if (value >= from[high]) return to[high];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (from[middle] <= value) low = middle; else high = middle;
      }
      const span = from[high] - from[low];
      return span ? to[low] + (value - from[low]) / span * (to[high] - to[low]) : to[low];
    }
    return { place: (timeNs) => between(times, places, timeNs), time: (place) => Math.round(between(places, times, place)) };
  }

  function formatTime(ns) { return (ns / 1e9).toFixed(6) + " s"; }

  /* The number of the last moment that is not after a time. */
  function seek(timeNs) {
    let low = 0, high = page.times.length - 1, found = 0;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (page.times[middle] <= timeNs) { found = middle; low = middle + 1; } else high = middle - 1;
    }
    return found;
  }

  /* Move the cursor; `from`: the panel that moved it, which need not scroll to it. */
  function setCursor(timeNs, from) {
    page.cursorNs = Math.max(0, Math.min(timeNs, page.endNs));
    document.getElementById("cursor-time").textContent = formatTime(page.cursorNs);
    const range = document.getElementById("cursor-range");
    range.value = seek(page.cursorNs);
    range.setAttribute("aria-valuetext", formatTime(page.cursorNs));
    document.body.dataset.cursorNs = page.cursorNs;
    for (const name in panels) {
      if (panels[name].cursor) panels[name].cursor(page.cursorNs, from === name);
    }
  }

  function step(by) {
    const at = seek(page.cursorNs) + by;
    setCursor(page.times[Math.max(0, Math.min(at, page.times.length - 1))] || 0);
  }

  function onKey(event) {
    if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "ArrowRight") step(1);
    else if (event.key === "Home") setCursor(page.momentNs);
    else return;
    event.preventDefault();
  }

  async function start() {
    const facts = await unpack("page");
    page.times = facts.times;
    page.endNs = facts.end;
    page.momentNs = facts.moment;
    page.windowNs = facts.window;
    document.body.classList.remove("no-script");
    for (const [name, make] of makers) {
      const section = document.getElementById("panel-" + name);
      if (section) panels[name] = (await make(section.querySelector(".body"), await unpack(name), page)) || {};
    }
    document.getElementById("cursor-bar").hidden = false;
    const range = document.getElementById("cursor-range");
    range.max = Math.max(0, page.times.length - 1);
    range.addEventListener("input", () => setCursor(page.times[range.value] || 0));
    document.getElementById("cursor-first").addEventListener("click", () => setCursor(page.momentNs));
    document.getElementById("cursor-back").addEventListener("click", () => step(-1));
    document.getElementById("cursor-on").addEventListener("click", () => step(1));
    document.addEventListener("keydown", onKey);
    document.addEventListener("click", (event) => {
      const button = event.target.closest("button.copy");
      if (!button) return;
      const copied = navigator.clipboard ? navigator.clipboard.writeText(button.dataset.copy) : Promise.reject();
      copied.then(
        () => { button.textContent = "copied"; },
        () => {
          // Not allowed here: let the reader do it.
          const text = button.parentNode.querySelector("code");
          if (text) getSelection().selectAllChildren(text);
          button.textContent = "selected: now copy it";
        },
      );
    });
    setCursor(page.momentNs);
    document.body.dataset.ready = "yes";
  }

  return { panel, start, unpack, page };
})();
