"use strict";
/* The byte ribbon: chunks of the strip that are put in when they are scrolled to, what has not happened yet at the
 * cursor, and the bytes that were clicked. */
farhost.panel("ribbon", function (root, data, page) {
  if (!data) return null;
  const around = 96;
  const opened = new Map();  /* number of the stream -> its details element */

  function open(number) {
    if (opened.has(number)) return opened.get(number);
    let element = root.querySelector("#ribbon-" + number);
    if (!element) {
      const holder = document.createElement("div");
      holder.innerHTML = data.streams[number].html;
      element = holder.firstElementChild;
      const last = [...root.querySelectorAll("details.ribbon")].pop();
      last.after(element);
    }
    opened.set(number, element);
    fill(element, data.streams[number]);
    return element;
  }

  /* Every chunk has its place in the strip; its picture comes when it is near what is seen. */
  function fill(element, stream) {
    const strip = element.querySelector(".strip");
    const shown = strip.querySelector("svg");
    const watch = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) put(entry.target, stream);
    }, { root: strip, rootMargin: "0px 1500px" });
    stream.chunks.forEach(([, width], number) => {
      const place = document.createElement("div");
      place.dataset.chunk = number;
      place.style.width = width + "px";
      if (number === stream.shown) {
        shown.before(place);
        place.append(shown);
        ghost(place);
      } else if (number < stream.shown) shown.before(place);
      else strip.querySelector(".after").before(place);
      watch.observe(place);
    });
    for (const rest of strip.querySelectorAll(".rest")) rest.textContent = rest.dataset.text;
    const middle = strip.querySelector("[data-chunk='" + stream.shown + "']");
    if (stream.shown) strip.scrollLeft = middle.offsetLeft - strip.offsetLeft;
    element.addEventListener("click", (event) => click(event, element, stream));
  }

  function put(place, stream) {
    if (place.firstElementChild) return;
    place.innerHTML = stream.chunks[place.dataset.chunk][0];
    ghost(place);
  }

  function ghost(place) {
    for (const block of place.querySelectorAll(".block")) {
      block.classList.toggle("ghost", Number(block.dataset.time) > page.cursorNs);
    }
  }

  function click(event, element, stream) {
    const block = event.target.closest(".block");
    if (!block) return;
    const box = block.getBoundingClientRect();
    const start = Number(block.dataset.start), size = Number(block.dataset.size);
    const part = Math.min(0.999, Math.max(0, (event.clientX - box.left) / box.width));
    show(element, stream, block, start + Math.floor(part * size));
    page.setCursor(Number(block.dataset.time), "ribbon");
  }

  function show(element, stream, picked, offset) {
    const blocks = [...element.querySelectorAll(".block")];
    for (const block of blocks) block.classList.toggle("picked", block === picked);
    const has = (block) => {
      const start = Number(block.dataset.start);
      return start <= offset && offset < start + Number(block.dataset.size);
    };
    const titles = new Set(blocks.filter(has).map((block) => block.querySelector("title").textContent));
    const output = element.querySelector(".hex");
    output.replaceChildren();
    output.dataset.offset = offset;
    const list = document.createElement("ul");
    for (const title of titles) list.appendChild(document.createElement("li")).textContent = title;
    const head = document.createElement("p");
    head.textContent = "Byte " + offset + " was in:";
    output.append(head, list, dump(stream, offset));
  }

  function dump(stream, offset) {
    const pre = document.createElement("pre");
    const bytes = Uint8Array.from(atob(stream.bytes), (c) => c.charCodeAt(0));
    const at = offset - stream.start;
    if (at < 0 || at >= bytes.length) {
      pre.textContent = "This page does not carry the bytes there.";
      return pre;
    }
    const first = Math.max(stream.start, (offset - around) - (offset - around) % 16) - stream.start;
    for (let row = first; row < Math.min(bytes.length, first + 2 * around); row += 16) line(pre, bytes, stream.start, row, at);
    return pre;
  }

  function line(pre, bytes, start, row, at) {
    const two = (byte) => byte.toString(16).padStart(2, "0");
    const row16 = bytes.subarray(row, row + 16);
    pre.append((start + row).toString(16).padStart(8, "0") + " ");
    row16.forEach((byte, index) => {
      pre.append(index === 8 ? "  " : " ");
      if (row + index === at) pre.appendChild(document.createElement("mark")).textContent = two(byte);
      else pre.append(two(byte));
    });
    const missing = 16 - row16.length;
    pre.append(" ".repeat(3 * missing + (row16.length <= 8 ? 1 : 0)) + "  |");
    const text = [...row16].map((byte) => byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".").join("");
    pre.append(text + "|\n");
  }

  const chooser = root.querySelector(".ribbon-chooser");
  if (chooser) chooser.addEventListener("change", () => {
    for (const other of root.querySelectorAll("details.ribbon")) other.open = false;
    const element = open(Number(chooser.value));
    element.open = true;
  });
  root.querySelectorAll("details.ribbon").forEach((element, number) => {
    if (element.open) open(number);
    element.addEventListener("toggle", () => { if (element.open) open(number); });
  });

  /* The strip follows the cursor to the chunk whose blocks are nearest in time. */
  function follow(element, stream, timeNs) {
    const strip = element.querySelector(".strip");
    let best = 0, distance = Infinity;
    stream.chunks.forEach(([, , firstNs, lastNs], number) => {
      const far = timeNs < firstNs ? firstNs - timeNs : timeNs > lastNs ? timeNs - lastNs : 0;
      if (far < distance) { distance = far; best = number; }
    });
    const place = strip.querySelector("[data-chunk='" + best + "']");
    const left = place.offsetLeft - strip.offsetLeft, right = left + place.offsetWidth;
    if (right < strip.scrollLeft || left > strip.scrollLeft + strip.clientWidth) strip.scrollLeft = left;
  }

  return {
    cursor(timeNs, mine) {
      for (const [number, element] of opened) {
        for (const place of element.querySelectorAll("[data-chunk]")) ghost(place);
        if (!mine && element.open) follow(element, data.streams[number], timeNs);
      }
    },
  };
});
