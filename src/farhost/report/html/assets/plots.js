"use strict";
/* Plots with uPlot, of data as report/html/plots.py packs it: times as differences in ns, values as they are. */
farhost.panel("plots", function (root, data, page) {
  if (!data) return null;
  const DASHES = [[], [7, 3], [2, 2], [9, 3, 2, 3]];
  const LETTERS = { R: "R", lost: "×", fault: "▲" };
  const WIDEST = 660, HEIGHT = 190, GAP = 16;
  const holder = root.querySelector(".plots.live");
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const chosen = { connection: 0, host: 0 };
  let charts = [];

  /* Two beside each other where there is room for them. */
  function width() {
    const room = holder.clientWidth || WIDEST;
    return Math.floor(Math.min(WIDEST, room >= 900 ? (room - GAP) / 2 : room));
  }

  function sums(differences) {
    let time = 0;
    return differences.map((difference) => (time += difference) / 1e9);
  }

  /* One axis of time for all series: where one has no value of its own, the one before holds. */
  function joined(plot, lasting, span) {
    const [divisor] = data.units[plot.unit];
    const all = plot.series.map(([, differences]) => sums(differences));
    const times = [...new Set([...span, ...all.flat()])].sort((a, b) => a - b);
    const columns = plot.series.map(function ([, , values, holds], number) {
      const own = all[number];
      let next = 0;
      return times.map(function (time) {
        const at = next;
        while (next < own.length && own[next] <= time) next += 1;
        if (!holds && next === at) return null;
        const value = next && (lasting || time <= own[own.length - 1]) ? values[next - 1] : null;
        return value === null ? null : value / divisor;
      });
    });
    return [times, ...columns];
  }

  function number(value) { return value === null || value === undefined ? "-" : String(Number(value.toFixed(3))); }

  /* As many digits as tell one line of the grid from the next. */
  function seconds(value, step) { return value.toFixed(Math.min(9, Math.max(0, Math.ceil(-Math.log10(step))))) + " s"; }

  function series([label, , , holds], index, unit) {
    return { label, stroke: () => colour("--c" + index % 8), width: 1.4, dash: DASHES[index % DASHES.length],
      paths: holds ? uPlot.paths.stepped({ align: 1 }) : () => null,
      points: { show: !holds, size: 4, fill: () => colour("--c" + index % 8) }, value: (u, value) => number(value) + (value === null ? "" : " " + unit) };
  }

  /* Small signs on the axis of time, as many as there is room for. */
  function drawMarks(chart, marks) {
    const { ctx, bbox } = chart;
    ctx.save();
    ctx.textAlign = "center";
    ctx.font = 11 * devicePixelRatio + "px monospace";
    for (const kind in marks) {
      let last = -Infinity;
      ctx.fillStyle = colour(kind === "fault" ? "--fault" : "--bad");
      for (const time of marks[kind]) {
        const x = chart.valToPos(time, "x", true);
        if (x < bbox.left || x > bbox.left + bbox.width || x - last < 1) continue;
        if (x - last > 9 * devicePixelRatio) {
          ctx.fillText(LETTERS[kind], x, bbox.top + bbox.height - 4 * devicePixelRatio);
          last = x;
        }
        ctx.fillRect(x, bbox.top + bbox.height - 3 * devicePixelRatio, devicePixelRatio, 3 * devicePixelRatio);
      }
    }
    ctx.restore();
  }

  function draw(group, plot, span) {
    const [divisor, unit] = data.units[plot.unit];
    const counted = divisor === 1;
    const place = holder.appendChild(document.createElement("div"));
    place.className = "plot";
    place.dataset.plot = plot.title;
    place.dataset.series = plot.series.map(([label]) => label).join("|");
    const marks = {};
    for (const kind in group.marks) marks[kind] = sums(group.marks[kind]);
    const axis = { stroke: () => colour("--ink"), grid: { stroke: () => colour("--rule"), width: 0.5 },
      ticks: { stroke: () => colour("--rule"), width: 0.5 } };
    const options = {
      title: group.name + ": " + plot.title + (counted ? ", " + unit : ""), width: width(), height: HEIGHT,
      cursor: { sync: { key: "farhost", scales: ["x", null] }, drag: { x: true, y: false },
        /* What holds at a moment, not what is nearest to it. */
        dataIdx: (u, index, nearest, time) => nearest > 0 && u.data[0][nearest] > time ? nearest - 1 : nearest },
      scales: { x: { time: false }, y: { range: (u, low, high) => [0, (high || 1) * 1.05] } },
      axes: [{ ...axis, space: 90, values: (u, values, index, space, step) => values.map((value) => seconds(value, step)) },
        { ...axis, size: 84, incrs: counted ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000] : undefined,
          values: (u, values) => values.map((value) => number(value) + (counted ? "" : " " + unit)) }],
      legend: { markers: { dash: (u, index) => ["solid", "dashed", "dotted", "double"][(index - 1) % 4] } },
      series: [{ label: "time", value: (u, value) => value === null ? "-" : page.formatTime(value * 1e9) },
        ...plot.series.map((one, index) => series(one, index, unit))],
      hooks: { draw: [(chart) => { drawMarks(chart, marks); moveCursor(chart); }] },
    };
    const chart = new uPlot(options, joined(plot, group.lasting, span), place);
    chart.pageCursor = chart.over.appendChild(document.createElement("div"));
    chart.pageCursor.className = "page-cursor";
    listen(chart);
    moveCursor(chart);
    return chart;
  }

  function listen(chart) {
    let begun = 0;
    chart.over.addEventListener("mousedown", (event) => { begun = event.clientX; });
    chart.over.addEventListener("click", function (event) {
      if (Math.abs(event.clientX - begun) > 3) return;
      const left = event.clientX - chart.over.getBoundingClientRect().left;
      page.setCursor(Math.round(chart.posToVal(left, "x") * 1e9), "plots");
    });
    chart.over.addEventListener("mouseleave", () => tell(chart));
  }

  function moveCursor(chart) {
    if (!chart.pageCursor) return;
    const left = chart.valToPos(page.cursorNs / 1e9, "x");
    chart.pageCursor.style.left = left + "px";
    chart.pageCursor.hidden = left < 0 || left > chart.over.clientWidth;
  }

  /* The values at the cursor, beside the names. */
  function tell(chart) {
    const times = chart.data[0], time = page.cursorNs / 1e9;
    let low = 0, high = times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] <= time) low = middle; else high = middle - 1;
    }
    chart.setLegend({ idx: low }, false);
  }

  function show() {
    for (const chart of charts) chart.destroy();
    holder.replaceChildren();
    const groups = [data.connections[chosen.connection], data.hosts[chosen.host]].filter(Boolean);
    const ends = groups.flatMap((group) => group.plots.flatMap((plot) => plot.series.flatMap(function ([, differences]) {
      const times = sums(differences);
      return times.length ? [times[0], times[times.length - 1]] : [];
    })));
    const span = [Math.min(...ends), Math.max(...ends)];
    charts = groups.flatMap((group) => group.plots.map((plot) => draw(group, plot, span)));
    charts.forEach(tell);
  }

  for (const chooser of root.querySelectorAll(".choose")) {
    chooser.addEventListener("change", function () { chosen[chooser.dataset.kind] = Number(chooser.value); show(); });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach((chart) => chart.redraw()));
  show();
  return { cursor() { for (const chart of charts) { moveCursor(chart); tell(chart); } } };
});
