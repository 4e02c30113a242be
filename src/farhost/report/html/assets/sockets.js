"use strict";
/* The socket tables at the cursor. data: {hosts, words, changes, most} as report/html/sockets.py packs them. */
farhost.panel("sockets", function (root, data, page) {
  if (!data) return null;
  const HEAD = ["Netid", "State", "Recv-Q", "Send-Q", "Local Address:Port", "Peer Address:Port", "Process"];
  const NUMBERS = [2, 3];
  const GONE = -1;
  const tables = data.hosts.map(function (host, index) {
    const [gaps, numbers, words, receives, sends] = data.changes[index];
    let time = 0;
    const times = gaps.map((gap) => (time += gap));
    const pre = root.querySelectorAll("pre.ss")[index];
    return { times, numbers, words, receives, sends, pre, at: pre.parentNode.querySelector(".ss-at"),
      rows: new Map(), next: 0, shown: null };
  });

  /* Bring a table to a time: on from where it stands, or from the beginning, which takes a few ms at most. */
  function seek(table, timeNs) {
    if (table.next && table.times[table.next - 1] > timeNs) { table.rows = new Map(); table.next = 0; }
    while (table.next < table.times.length && table.times[table.next] <= timeNs) {
      const change = table.next++;
      if (table.words[change] === GONE) table.rows.delete(table.numbers[change]);
      else table.rows.set(table.numbers[change], change);
    }
  }

  function cells(table, change) {
    const [kind, state, local, peer, users] = data.words[table.words[change]];
    return [kind, state, String(table.receives[change]), String(table.sends[change]), local, peer, users];
  }

  /* What happened between a moment and the cursor: the sign of each socket, and the rows of those that went. */
  function news(table, sinceNs) {
    const signs = new Map(), before = new Map(), gone = new Map();
    let first = table.next;
    while (first > 0 && table.times[first - 1] >= sinceNs) first -= 1;
    const touched = new Set(table.numbers.slice(first, table.next));
    for (let change = first - 1; change >= 0 && before.size < touched.size; change -= 1) {
      const number = table.numbers[change];
      if (touched.has(number) && !before.has(number)) before.set(number, change);
      if (first - change > 20000) break;
    }
    for (const number of touched) {
      const old = before.has(number) && table.words[before.get(number)] !== GONE ? before.get(number) : null;
      if (table.rows.has(number)) signs.set(number, old === null ? "+" : "~");
      else if (old !== null) { signs.set(number, "-"); gone.set(number, old); }
    }
    return { signs, gone };
  }

  function lines(table, sinceNs) {
    const { signs, gone } = news(table, sinceNs);
    const all = new Map([...table.rows, ...gone]);
    const order = [...all.keys()].sort((a, b) => a - b);
    /* Rows with news are shown whatever their place. */
    const shown = order.length <= data.most ? order
      : order.filter((number, place) => place < data.most || signs.has(number)).slice(0, 2 * data.most);
    const body = shown.map((number) => [signs.get(number) || " ", cells(table, all.get(number))]);
    const widths = HEAD.map((name, column) => Math.max(name.length, ...body.map(([, row]) => row[column].length)));
    const text = (row) => row.map((cell, column) =>
      NUMBERS.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])).join(" ").trimEnd();
    const made = [["", "  " + text(HEAD)], ...body.map(([sign, row]) => [sign.trim(), sign + " " + text(row)])];
    if (order.length > shown.length) made.push(["", "  ... and " + (order.length - shown.length) + " more"]);
    return made;
  }

  function show(table, timeNs) {
    seek(table, timeNs);
    const moment = page.times.length ? Math.min(timeNs, page.times[page.seek(timeNs)]) : timeNs;
    const made = lines(table, moment);
    table.pre.dataset.time = timeNs;
    table.at.textContent = "at " + page.formatTime(timeNs) + ", sockets: " + table.rows.size;
    const key = made.map(([, line]) => line).join("\n");
    if (key === table.shown) return;
    table.shown = key;
    table.pre.replaceChildren(...made.flatMap(function ([sign, line], number) {
      const text = document.createTextNode((number ? "\n" : "") + (sign ? "" : line));
      if (!sign) return [text];
      const mark = document.createElement("b");
      mark.className = { "+": "new", "~": "changed", "-": "gone" }[sign];
      mark.textContent = line;
      return [text, mark];
    }));
  }

  return { cursor(timeNs) { for (const table of tables) show(table, timeNs); } };
});
