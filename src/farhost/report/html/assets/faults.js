"use strict";
/* Faults: a time sets the cursor; the rows of the latest faults at the cursor are marked. */
farhost.panel("faults", function (root, data, page) {
  const rows = [...root.querySelectorAll("tr[data-fault-time]")];
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button.moment");
    const row = event.target.closest("tr[data-fault-time]");
    if (button) page.setCursor(Number(button.dataset.time), "faults");
    else if (row && !event.target.closest("button")) page.setCursor(Number(row.dataset.faultTime), "faults");
  });
  return {
    cursor(timeNs) {
      for (const row of rows) {
        const here = [row.dataset.faultTime, ...[...row.querySelectorAll("button.moment")].map((one) => one.dataset.time)];
        row.classList.toggle("at-cursor", here.some((time) => Number(time) === timeNs));
      }
    },
  };
});
