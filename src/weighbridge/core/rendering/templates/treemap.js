"use strict";
// Draws the treemap anew for the width that there is, and lets people look closer, by pointer and by keyboard. Without
// this it stays the picture of the whole that came with the page.
const STRIP = 15;
const GAP = 1;
const LEAST = 2;
const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
const UNITS = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
const brush = document.createElement("canvas").getContext("2d");

const sized = (bytes) => {
  let [value, unit] = [bytes, 0];
  while (Number(value.toFixed(1)) >= 1000 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return unit === 0 ? `${bytes} B` : `${value.toFixed(unit > 2 ? 2 : 1)} ${UNITS[unit]}`;
};

// The squarified layout of Bruls, Huizing and van Wijk, as in squarify.py.
const worst = (large, small, total, side) =>
  total && side && small ? Math.max((side * side * large) / total ** 2, total ** 2 / (side * side * small)) : Infinity;

const squarify = (sizes, box) => {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const areas = sizes.map((size) => (size * box.w * box.h) / total);
  const boxes = [];
  let { x, y, w, h } = box;
  for (let start = 0, end; start < areas.length; start = end) {
    const side = Math.min(w, h);
    let sum = areas[start];
    let best = worst(areas[start], areas[start], sum, side);
    for (end = start + 1; end < areas.length; end += 1) {
      const ratio = worst(areas[start], areas[end], sum + areas[end], side);
      if (ratio > best) break;
      [best, sum] = [ratio, sum + areas[end]];
    }
    const across = w >= h;
    const thickness = side ? sum / side : 0;
    let at = 0;
    for (const area of areas.slice(start, end)) {
      const length = thickness ? area / thickness : 0;
      boxes.push(across ? { x, y: y + at, w: thickness, h: length } : { x: x + at, y, w: length, h: thickness });
      at += length;
    }
    if (across) [x, w] = [x + thickness, Math.max(0, w - thickness)];
    else [y, h] = [y + thickness, Math.max(0, h - thickness)];
  }
  return boxes;
};

const layout = (node, box, level = 1) => {
  const boxes = squarify(node.members.map((member) => member.bytes), box);
  return node.members.flatMap((member, number) => {
    const inside = boxes[number];
    if (Math.min(inside.w, inside.h) < LEAST) return [];
    const directory = member.members.length > 0;
    const strip = directory && inside.w > 4 * STRIP && inside.h > 2.5 * STRIP ? STRIP : 0;
    const top = strip || GAP;
    const room = {
      x: inside.x + GAP,
      y: inside.y + top,
      w: Math.max(0, inside.w - 2 * GAP),
      h: Math.max(0, inside.h - top - GAP),
    };
    const cell = { node: member, box: inside, strip, directory, level };
    return [cell, ...(directory ? layout(member, room, level + 1) : [])];
  });
};

const grown = ([name, bytes, delta, kind, members], parent = null) => {
  const path = parent === null ? "" : `${parent.path}/${name}`;
  const node = { name, bytes, delta, kind, parent, path };
  node.members = members.map((member) => grown(member, node));
  return node;
};

const element = (name, attributes = {}, text = null) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  return made;
};

const written = (text, room, bold) => {
  brush.font = bold ? `600 ${FONT}` : FONT;
  if (brush.measureText(text).width <= room) return text;
  const characters = [...text];
  while (characters.length > 3) {
    characters.pop();
    if (brush.measureText(`${characters.join("")}…`).width <= room) return `${characters.join("")}…`;
  }
  return "";
};

const label = ({ node, box, strip, directory }) => {
  if (directory ? !strip : box.h < 14) return "";
  const name = directory ? `${node.name}/` : node.name;
  const full = `${name} ${sized(node.bytes)}`;
  return written(full, box.w - 6, directory) === full ? full : written(name, box.w - 6, directory);
};

for (const figure of document.querySelectorAll("figure.map")) {
  const root = grown(JSON.parse(figure.querySelector("script").textContent));
  const map = figure.querySelector("svg.treemap");
  const compared = figure.querySelector(".legend") !== null;
  const trail = document.createElement("div");
  const tip = document.createElement("div");
  const ring = element("rect", { class: "ring", "aria-hidden": true });
  const hint = document.createElement("span");
  let here = root;
  let cells = [];

  const tells = ({ bytes, delta, kind, path, name }) => {
    const share = ((100 * bytes) / root.bytes).toFixed(1);
    const said = [`${sized(bytes)} (${bytes.toLocaleString("en")} bytes)`, `${share} % of the image`];
    if (compared && kind === "added") said.push("new");
    else if (compared && delta) said.push(`${delta > 0 ? "+" : "−"}${sized(Math.abs(delta))}`);
    else if (compared && kind !== "same") said.push("changed");
    const shown = name === "…" ? `${path.slice(0, -1)} (the small rest)` : path;
    return [shown, said.join(", ")];
  };

  const drawn = (cell) => {
    const { node, box, directory, level } = cell;
    const [path, said] = tells(node);
    const shape = element("g", {
      class: `${directory ? "d" : "f"} ${node.kind}`,
      role: "treeitem",
      tabindex: -1,
      "aria-level": level,
      "aria-label": `${path}${directory ? "/" : ""}: ${said}`,
    });
    const [x, y, width, height] = [box.x, box.y, box.w, box.h].map((value) => Number(value.toFixed(1)));
    shape.append(element("rect", { x, y, width, height }));
    cell.shape = shape;
    return shape;
  };

  // Beside the boxes, not inside of them: who listens is told the whole name, not what fits.
  const labels = () => {
    const layer = element("g", { class: "labels", "aria-hidden": true });
    for (const cell of cells) {
      const text = label(cell);
      const place = { x: cell.box.x.toFixed(1), y: cell.box.y.toFixed(1), dx: 3, dy: 11 };
      if (text !== "") layer.append(element("text", { class: cell.directory ? "d" : "f", ...place }, text));
    }
    return layer;
  };

  const draw = () => {
    const width = figure.clientWidth;
    const height = Math.round(Math.min(560, Math.max(320, width * 0.9)));
    map.setAttribute("viewBox", `0 0 ${width} ${height}`);
    cells = layout(here, { x: 0, y: 0, w: width, h: height });
    map.replaceChildren(...cells.map(drawn), labels());
    cells[0]?.shape.setAttribute("tabindex", 0);
  };

  const untip = () => {
    tip.hidden = true;
    ring.remove();
  };

  const point = (cell) => {
    const [path, said] = tells(cell.node);
    const [name, numbers] = [document.createElement("b"), document.createElement("span")];
    [name.textContent, numbers.textContent] = [path, said];
    tip.replaceChildren(name, numbers);
    tip.hidden = false;
    const [inside, around] = [cell.shape.getBoundingClientRect(), figure.getBoundingClientRect()];
    const left = Math.min(inside.left - around.left + 8, around.width - tip.offsetWidth);
    const below = inside.top - around.top + Math.min(inside.height, 24) + 4;
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = `${below}px`;
  };

  const go = (node) => {
    here = node;
    const steps = [];
    for (let step = node; step !== null; step = step.parent) steps.unshift(step);
    trail.replaceChildren(
      ...steps.map((step) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = step === root ? "all files" : `${step.name}/`;
        if (step === node) button.setAttribute("aria-current", "true");
        button.addEventListener("click", () => go(step));
        return button;
      }),
      hint,
    );
    untip();
    draw();
  };

  const focus = (cell) => {
    if (!cell) return;
    for (const each of cells) each.shape.setAttribute("tabindex", each === cell ? 0 : -1);
    cell.shape.focus();
  };

  const found = (target) => cells.find((cell) => cell.shape === target.closest("g"));
  const of = (node) => cells.find((cell) => cell.node === node);

  const closer = (node) => {
    const directory = node.members.length > 0 ? node : node.parent;
    if (directory === here) return false;
    go(directory);
    return true;
  };

  const beside = (cell, step) => {
    const fellows = cells.filter((each) => each.node.parent === cell.node.parent);
    return fellows[fellows.indexOf(cell) + step];
  };

  const away = () => {
    const from = here;
    if (from === root) return;
    go(from.parent);
    focus(of(from) ?? cells[0]);
  };

  const keys = {
    ArrowRight: (cell) => focus(beside(cell, 1)),
    ArrowLeft: (cell) => focus(beside(cell, -1)),
    ArrowDown: (cell) => focus(cells.find((each) => each.node.parent === cell.node)),
    ArrowUp: (cell) => focus(of(cell.node.parent)),
    Home: () => focus(cells[0]),
    Enter: (cell) => closer(cell.node) && focus(cells[0]),
    " ": (cell) => closer(cell.node) && focus(cells[0]),
    Escape: away,
    Backspace: away,
  };

  map.addEventListener("keydown", (event) => {
    const [cell, act] = [found(event.target), keys[event.key]];
    if (!cell || !act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(cell);
  });
  map.addEventListener("click", (event) => {
    const cell = found(event.target);
    if (cell) closer(cell.node);
  });
  map.addEventListener("pointerover", (event) => {
    const cell = found(event.target);
    if (cell) point(cell);
  });
  map.addEventListener("focusin", (event) => {
    const cell = found(event.target);
    if (!cell || !cell.shape.matches(":focus-visible")) return;
    point(cell);
    // On top of everything: the boxes inside of a directory cover its border.
    for (const name of ["x", "y", "width", "height"]) ring.setAttribute(name, cell.shape.firstChild.getAttribute(name));
    map.append(ring);
  });
  map.addEventListener("pointerleave", untip);
  map.addEventListener("focusout", untip);

  hint.className = "hint";
  hint.textContent = "A click or Enter looks closer, Escape goes back; arrow keys move.";
  trail.className = "trail";
  trail.setAttribute("role", "group");
  trail.setAttribute("aria-label", "Where the map is");
  tip.className = "tip";
  tip.setAttribute("aria-hidden", "true");
  map.setAttribute("role", "tree");
  map.classList.add("live");
  map.before(trail);
  figure.append(tip);
  go(root);
  let drawnFor = figure.clientWidth;
  new ResizeObserver(() => {
    if (figure.clientWidth === drawnFor) return;
    drawnFor = figure.clientWidth;
    draw();
  }).observe(figure);
}
