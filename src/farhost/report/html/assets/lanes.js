"use strict";
/* Lanes: the parts beside the window come in when they are scrolled to; the cursor is a line through all of them. */
farhost.panel("lanes", function (root, data, page) {
  const scroll = root.querySelector(".lanes-scroll");
  if (!scroll || !data) return {};
  const strip = root.querySelector(".lanes-strip");
  const names = root.querySelector(".lanes-names");
  const now = root.querySelector(".lanes-now");
  const line = root.querySelector(".lanes-line");
  const places = data.parts.map((part, number) => {
    const [startNs, endNs, width, [times, xs], svg] = part;
    const element = number === data.window ? root.querySelector(".lanes-part") : document.createElement("div");
    element.className = "lanes-part";
    element.style.width = width + "px";
    element.dataset.part = number;
    strip.append(element);
    return { startNs, endNs, svg, element, axis: page.axis([sums(times), sums(xs)]) };
  });
  const cursor = document.createElement("div");
  cursor.className = "lanes-cursor";
  strip.append(cursor);
  let chosen = null;

  function sums(steps) { let sum = 0; return steps.map((step) => (sum += step)); }

  function show(part) {
    if (part.svg) part.element.innerHTML = part.svg;
    part.svg = "";
  }

  function partAt(timeNs) {
    let low = 0, high = places.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (places[middle].startNs <= timeNs) low = middle; else high = middle - 1;
    }
    return places[low];
  }

  /* As lanes.py's `now_words`: in each lane the last call that had begun, if it had not ended before. */
  function going(part, timeNs) {
    const found = [];
    for (const lane of part.element.querySelectorAll("[data-who]")) {
      let last = null;
      for (const call of lane.querySelectorAll(".call")) if (Number(call.dataset.start) <= timeNs) last = call;
      if (last && Number(last.dataset.end) >= timeNs) {
        found.push(lane.dataset.who + " " + words(last) + " since " + page.formatTime(Number(last.dataset.start)));
      }
    }
    return found;
  }

  function words(call) {
    const text = call.querySelector("title").textContent;
    if (call.matches(".other")) return call.querySelector(".wake") ? text.split(" <")[0] : "in " + call.dataset.label + ",";
    const head = /^(\w+)\((\d*)/.exec(text);
    return head ? "in " + head[1] + "(" + head[2] + "...)" : text;
  }

  function details(element) {
    const text = element.querySelector("title").textContent;
    if (!element.matches(".call")) return text;
    const from = page.formatTime(Number(element.dataset.start)), to = page.formatTime(Number(element.dataset.end));
    return element.parentNode.dataset.who + ", " + from + " to " + to + ": " + text;
  }

  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) show(places[entry.target.dataset.part]);
  }, { root: scroll, rootMargin: "0px 2000px" });
  for (const part of places) watcher.observe(part.element);

  strip.addEventListener("click", (event) => {
    const element = event.target.closest(".lanes-part");
    if (!element) return;
    const part = places[element.dataset.part];
    const call = event.target.closest(".call, .mark, .output");
    if (chosen) chosen.classList.remove("chosen");
    chosen = call;
    if (call) {
      call.classList.add("chosen");
      line.textContent = details(call);
    }
    page.setCursor(part.axis.time(event.clientX - element.getBoundingClientRect().left), "lanes");
  });

  return {
    cursor(timeNs, mine) {
      const part = partAt(timeNs);
      show(part);
      const x = part.element.offsetLeft + part.axis.place(timeNs);
      cursor.style.left = x - 1 + "px";
      now.textContent = "At " + page.formatTime(timeNs) + ": " + (going(part, timeNs).join("; ") || "no thread is in a call");
      const left = scroll.scrollLeft + names.offsetWidth;
      if (!mine && (x < left + 40 || x > scroll.scrollLeft + scroll.clientWidth - 40)) {
        scroll.scrollLeft = x - (scroll.clientWidth + names.offsetWidth) / 2;
      }
    },
  };
});
