"use strict";
// The page is whole without this: it adds sorting to the tables, and pointing and zooming to the treemap.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const compare = (a, b) => {
    const [x, y] = [Number(a), Number(b)];
    return a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y) ? x - y : a.localeCompare(b);
  };
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const sorted = head.getAttribute("aria-sort");
      const first = head.classList.contains("n") ? "descending" : "ascending";
      const other = first === "descending" ? "ascending" : "descending";
      const direction = sorted === first ? other : first;
      for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", direction);
      const sign = direction === "ascending" ? 1 : -1;
      const key = (row) => row.cells[column].dataset.key;
      body.append(...[...body.rows].sort((a, b) => sign * compare(key(a), key(b))));
    });
  });
}

for (const map of document.querySelectorAll("svg.treemap")) {
  const told = map.parentElement.querySelector(".pointed");
  const whole = map.getAttribute("viewBox");
  const width = Number(whole.split(" ")[2]);
  const box = (cell) => ["x", "y", "width", "height"].map((name) => Number(cell.firstChild.getAttribute(name)));
  const cells = [...map.querySelectorAll("g")];
  for (const cell of cells) {
    // The line below the drawing says it at once; the browser's own bubble would come on top of it.
    const title = cell.querySelector("title");
    cell.dataset.tells = title.textContent;
    title.remove();
  }
  const hint = "Point at a box to see what it is; click to look closer.";
  told.textContent = hint;
  map.classList.add("live");

  const label = (cell, zoom) => {
    const [x, y, cellWidth, cellHeight] = box(cell);
    let text = cell.querySelector("text");
    if (text === null) {
      if (cell.classList.contains("d") || zoom === 1 || cellHeight * zoom < 14) return;
      text = document.createElementNS(map.namespaceURI, "text");
      text.setAttribute("x", x);
      text.setAttribute("y", y);
      const name = cell.dataset.tells.split(": ")[0].split("/").pop();
      text.textContent = name.length * 6.3 < cellWidth * zoom - 6 ? name : "";
      text.classList.add("extra");
      cell.append(text);
    }
    text.setAttribute("dx", 3 / zoom);
    text.setAttribute("dy", 11 / zoom);
    text.style.fontSize = `${11 / zoom}px`;
  };
  const show = (target) => {
    for (const extra of map.querySelectorAll("text.extra")) extra.remove();
    const [x, y, w, h] = target ? box(target) : whole.split(" ").map(Number);
    const height = Number(whole.split(" ")[3]);
    const zoom = Math.min(width / w, height / h);
    map.setAttribute("viewBox", `${x} ${y} ${w} ${h}`);
    for (const cell of cells) label(cell, zoom);
    if (target === null) return;
    const back = document.createElement("button");
    back.type = "button";
    back.textContent = "show all";
    back.addEventListener("click", () => {
      show(null);
      told.textContent = hint;
    });
    told.replaceChildren(target.dataset.tells, back);
  };
  const around = (cell) => {
    if (cell.classList.contains("d")) return cell;
    const [x, y] = box(cell);
    const outer = cells.slice(0, cells.indexOf(cell)).reverse();
    return outer.find((each) => {
      const [left, top, w, h] = box(each);
      return each.classList.contains("d") && left <= x && top <= y && x < left + w && y < top + h;
    }) ?? null;
  };
  map.addEventListener("pointerover", (event) => {
    const cell = event.target.closest("g");
    if (cell !== null && told.querySelector("button") === null) told.textContent = cell.dataset.tells;
    else if (cell !== null) told.firstChild.textContent = cell.dataset.tells;
  });
  map.addEventListener("click", (event) => {
    const cell = event.target.closest("g");
    if (cell !== null) show(around(cell));
  });
}
