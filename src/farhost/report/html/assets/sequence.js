"use strict";
/* The sequence diagram: pieces of one tall picture, which are put in when they come into sight. */
farhost.panel("sequence", function (root, data, page) {
  if (!data) return {};
  const scroll = root.querySelector(".sequence-scroll");
  const parts = root.querySelector(".sequence-parts");
  const details = root.querySelector(".details");
  const shown = parts.querySelector(".sequence-piece");
  const pieces = [];
  const sum = (steps) => { let total = 0; return steps.map((step) => (total += step)); };
  const axis = page.axis([sum(data.axis[0]), sum(data.axis[1])]);
  const label = shown.querySelector("svg").getAttribute("aria-label");

  function height(number) { return data.borders[number + 1] - data.borders[number]; }

  function fill(piece, number) {
    if (piece.firstChild || number === data.shown) return;
    piece.innerHTML = '<svg role="img" class="sequence-part" width="' + data.width + '" height="' + height(number)
      + '" viewBox="0 ' + data.borders[number] + " " + data.width + " " + height(number) + '">' + data.pieces[number] + "</svg>";
    piece.firstChild.setAttribute("aria-label", label);
  }

  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const number = Number(entry.target.dataset.piece);
      if (entry.isIntersecting) fill(entry.target, number);
      else if (number !== data.shown) entry.target.replaceChildren();
    }
  }, { root: scroll, rootMargin: "1500px 0px" });

  for (let number = 0; number < data.pieces.length; number++) {
    const piece = number === data.shown ? shown : document.createElement("div");
    piece.className = "sequence-piece";
    piece.dataset.piece = number;
    piece.style.height = height(number) + "px";
    parts.append(piece);
    pieces.push(piece);
    observer.observe(piece);
  }

  const line = document.createElement("div");
  line.className = "sequence-cursor";
  parts.append(line);

  function choose(element) {
    const before = parts.querySelector(".chosen");
    if (before) before.classList.remove("chosen");
    element.classList.add("chosen");
    const told = element.querySelector("title") || element.querySelector("text");
    details.textContent = told ? told.textContent : "";
  }

  /* When an arrow began, or a call returned: parts far from the window do not say it, but stand there. */
  function momentOf(element) {
    const told = element.dataset.sent || element.dataset.time || element.dataset.start;
    if (told) return Number(told);
    const at = element.transform.baseVal.numberOfItems ? element.transform.baseVal.getItem(0).matrix.f
      : Number(element.querySelector("text").getAttribute("y")) - 4;
    return axis.time(at);
  }

  parts.addEventListener("click", (event) => {
    const place = event.clientY - parts.getBoundingClientRect().top;
    const element = event.target.closest("g");
    if (element) choose(element);
    page.setCursor(element ? momentOf(element) : axis.time(place), "sequence");
  });

  return {
    cursor(timeNs, mine) {
      const place = axis.place(timeNs);
      line.style.top = place + "px";
      line.dataset.timeNs = timeNs;
      if (mine) return;
      const top = scroll.scrollTop, room = scroll.clientHeight;
      if (place < top + 20 || place > top + room - 60) scroll.scrollTop = Math.max(0, place - room * 0.6);
    },
  };
});
