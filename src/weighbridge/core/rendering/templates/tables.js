"use strict";
// The page is whole without this. It lets people sort and filter the tables, and shows the first rows of long ones.
const FIRST_ROWS = 15;

for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  let whole = body.rows.length <= FIRST_ROWS + 5;
  let wanted = "";

  const refresh = () => {
    let shown = 0;
    for (const row of body.rows) {
      const fits = wanted === "" || row.textContent.toLowerCase().includes(wanted);
      row.hidden = !fits || (!whole && wanted === "" && shown >= FIRST_ROWS);
      shown += row.hidden ? 0 : 1;
    }
    return shown;
  };

  const sort = (head, column) => {
    const number = head.classList.contains("n");
    const [first, other] = number ? ["descending", "ascending"] : ["ascending", "descending"];
    const direction = head.getAttribute("aria-sort") === first ? other : first;
    for (const each of heads) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const key = (row) => row.cells[column].dataset.key;
    const compare = number ? (a, b) => Number(a) - Number(b) : (a, b) => a.localeCompare(b, "en");
    body.append(...[...body.rows].sort((a, b) => sign * compare(key(a), key(b))));
    refresh();
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(head, column));
    head.replaceChildren(button);
  });

  if (!whole) {
    const count = body.rows.length;
    const bar = document.createElement("p");
    bar.className = "tools";
    const label = document.createElement("label");
    const filter = document.createElement("input");
    const found = document.createElement("span");
    const more = document.createElement("button");
    filter.type = "search";
    label.append("Filter ", filter);
    found.setAttribute("role", "status");
    more.type = "button";
    more.textContent = `Show all ${count.toLocaleString("en")} rows`;
    filter.addEventListener("input", () => {
      wanted = filter.value.trim().toLowerCase();
      const shown = refresh();
      found.textContent = wanted === "" ? "" : `${shown.toLocaleString("en")} of ${count.toLocaleString("en")}`;
    });
    more.addEventListener("click", () => {
      whole = true;
      refresh();
      more.remove();
    });
    bar.append(label, found);
    table.parentElement.before(bar);
    table.parentElement.after(more);
    more.className = "more";
    refresh();
  }
}
