"use strict";
/* Time-sequence graphs: another connection, zoom, the cursor. Every line and letter was drawn by
 * report/html/timesequence_drawing.py; here only the plane's viewBox changes, and letters and axes follow it. */
farhost.panel("timesequence", function (root, data, page) {
  if (!data) return null;
  const LEFT = 76, TOP = 12, WIDTH = 1000, HEIGHT = 300;
  const CAPS_FROM = 9;
  const SVG = "http://www.w3.org/2000/svg";
  const holder = root.querySelector(".graphs");
  const chooser = root.querySelector(".choose");
  let graphs = [];

  function make(tag, attributes, text) {
    const element = document.createElementNS(SVG, tag);
    for (const name in attributes) element.setAttribute(name, attributes[name]);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  /* Round numbers between two, as timesequence_drawing.ticks has them. */
  function ticks(low, high, most) {
    const span = Math.max(high - low, 1e-9);
    const power = Math.ceil(Math.log10(span / most));
    const step = [0.1, 0.2, 0.5, 1].map((factor) => factor * 10 ** power).find((one) => span / one <= most * 1.0001);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const values = [];
    for (let n = Math.ceil(low / step - 1e-9); n * step <= high; n += 1) values.push([n * step, (n * step).toFixed(digits)]);
    return values;
  }

  /* The bars of a path that timesequence_drawing made: [x, low, high] each, up being positive. */
  function bars(path) {
    const found = [];
    let x = 0, y = 0;
    for (const [, right, down, up] of path.getAttribute("d").matchAll(/m(\S+) (\S+?)v([-\d]+)/g)) {
      x += Number(right);
      const low = y + Number(down), high = low + Number(up);
      found.push([x, -low, -high]);
      y = high;
    }
    return found;
  }

  function adopt(svg) {
    const plane = svg.querySelector(".plane");
    const whole = plane.getAttribute("viewBox").split(" ").map(Number);
    const graph = { svg, plane, whole, view: whole, start: Number(svg.dataset.start), unitNs: Number(svg.dataset.unitNs),
      unitBytes: Number(svg.dataset.unitBytes), axes: svg.querySelector(".axes"), cursor: svg.querySelector("line.cursor"),
      marks: [...svg.querySelectorAll(".marks text")].map((element) => [element,
        (Number(element.dataset.time) - Number(svg.dataset.start)) / Number(svg.dataset.unitNs),
        Number(element.dataset.sequence) / Number(svg.dataset.unitBytes)]),
      ends: [...svg.querySelectorAll(".ends")],
      bars: [...svg.querySelectorAll(".plane > .sent:not(.ends), .plane > .again:not(.ends)")].flatMap(bars) };
    graph.usual = graph.bars.map(([, low, high]) => high - low).sort((a, b) => a - b)[graph.bars.length >> 1] || 0;
    listen(graph);
    look(graph, whole);
    return graph;
  }

  function place(graph, x, number) {
    const [left, top, width, height] = graph.view;
    return [LEFT + (x - left) / width * WIDTH, TOP + (-number - top) / height * HEIGHT];
  }

  /* Show another part of the plane. */
  function look(graph, view) {
    graph.view = view;
    graph.plane.setAttribute("viewBox", view.join(" "));
    for (const end of graph.ends) end.style.display = graph.usual / view[3] * HEIGHT >= CAPS_FROM ? "" : "none";
    const last = {};
    for (const [element, time, number] of graph.marks) {
      const [x, y] = place(graph, time, number);
      const inside = x >= LEFT - 1 && x <= LEFT + WIDTH + 1 && y >= TOP - 1 && y <= TOP + HEIGHT + 1;
      /* Of the same letters that would cover each other one is shown. */
      const [lastX, lastY] = last[element.classList[1]] || [-99, -99];
      const shown = inside && (Math.abs(x - lastX) > 4 || Math.abs(y - lastY) > 6);
      element.style.display = shown ? "" : "none";
      if (!shown) continue;
      last[element.classList[1]] = [x, y];
      element.setAttribute("x", x.toFixed(1));
      element.setAttribute("y", y.toFixed(1));
    }
    drawAxes(graph);
    drawCursor(graph);
  }

  function drawAxes(graph) {
    const [left, top, width, height] = graph.view;
    const seconds = (x) => (graph.start + x * graph.unitNs) / 1e9;
    const parts = [];
    for (const [value, text] of ticks(seconds(left), seconds(left + width), 8)) {
      const x = place(graph, (value * 1e9 - graph.start) / graph.unitNs, 0)[0];
      parts.push(make("line", { x1: x, x2: x, y1: TOP, y2: TOP + HEIGHT, class: "grid" }));
      parts.push(make("text", { x, y: TOP + HEIGHT + 16, class: "dim", "text-anchor": "middle" }, text + " s"));
    }
    for (const [value, text] of ticks(-(top + height) * graph.unitBytes, -top * graph.unitBytes, 6)) {
      const y = place(graph, 0, value / graph.unitBytes)[1];
      parts.push(make("line", { x1: LEFT, x2: LEFT + WIDTH, y1: y, y2: y, class: "grid" }));
      parts.push(make("text", { x: LEFT - 6, y: y + 4, class: "dim", "text-anchor": "end" }, text));
    }
    graph.axes.replaceChildren(...parts);
  }

  function drawCursor(graph) {
    const x = place(graph, (page.cursorNs - graph.start) / graph.unitNs, 0)[0];
    graph.cursor.setAttribute("visibility", x >= LEFT && x <= LEFT + WIDTH ? "visible" : "hidden");
    graph.cursor.setAttribute("x1", x);
    graph.cursor.setAttribute("x2", x);
  }

  /* A part of the time; of the numbers what was sent and lies within. */
  function lookAtTime(graph, from, to) {
    const inside = graph.bars.filter(([x]) => x >= from && x <= to);
    const [, top, , height] = graph.whole;
    let low = -(top + height), high = -top;
    if (inside.length) {
      low = inside.reduce((least, bar) => Math.min(least, bar[1]), Infinity);
      high = inside.reduce((most, bar) => Math.max(most, bar[2]), 0);
      const room = Math.max(1, (high - low) / 12);
      low -= room;
      high += room;
    }
    look(graph, [from, -high, Math.max(to - from, graph.whole[2] / 1e5), high - low]);
  }

  function listen(graph) {
    const { svg } = graph;
    let begun = null, rubber = null;
    const at = (event) => {
      const box = svg.getBoundingClientRect();
      return [Math.max(LEFT, Math.min(event.clientX - box.left, LEFT + WIDTH)), Math.max(TOP, Math.min(event.clientY - box.top, TOP + HEIGHT))];
    };
    const unit = ([x, y]) => [graph.view[0] + (x - LEFT) / WIDTH * graph.view[2], graph.view[1] + (y - TOP) / HEIGHT * graph.view[3]];
    svg.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      begun = at(event);
      svg.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    svg.addEventListener("pointermove", (event) => {
      if (!begun) return;
      const [x, y] = at(event), flat = Math.abs(y - begun[1]) < 12;
      if (!rubber) rubber = svg.appendChild(make("rect", { class: "rubber" }));
      const box = { x: Math.min(x, begun[0]), width: Math.abs(x - begun[0]),
        y: flat ? TOP : Math.min(y, begun[1]), height: flat ? HEIGHT : Math.abs(y - begun[1]) };
      for (const name in box) rubber.setAttribute(name, box[name]);
    });
    svg.addEventListener("pointerup", (event) => {
      if (!begun) return;
      const from = begun, to = at(event);
      begun = null;
      if (rubber) rubber.remove();
      rubber = null;
      const [left, top] = unit([Math.min(from[0], to[0]), Math.min(from[1], to[1])]);
      const [right, bottom] = unit([Math.max(from[0], to[0]), Math.max(from[1], to[1])]);
      if (Math.abs(from[0] - to[0]) < 5) page.setCursor(Math.round(graph.start + left * graph.unitNs), "timesequence");
      else if (Math.abs(from[1] - to[1]) < 12) lookAtTime(graph, left, right);
      else look(graph, [left, top, Math.max(right - left, graph.whole[2] / 1e5), Math.max(bottom - top, 1)]);
    });
    svg.addEventListener("dblclick", () => look(graph, graph.whole));
  }

  function show(numbers) {
    holder.innerHTML = numbers.map((number) => data.graphs[number]).join("");
    graphs = [...holder.querySelectorAll("svg.tsg")].map(adopt);
  }

  chooser.addEventListener("change", () => show([Number(chooser.value)]));
  root.querySelector(".whole").addEventListener("click", () => { for (const graph of graphs) look(graph, graph.whole); });
  root.querySelector(".window-only").addEventListener("click", () => {
    for (const graph of graphs) lookAtTime(graph, ...page.windowNs.map((ns) => (ns - graph.start) / graph.unitNs));
  });
  show(data.shown);
  return { cursor() { for (const graph of graphs) drawCursor(graph); } };
});
