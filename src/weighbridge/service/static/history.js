"use strict";
// Draws the history anew so that people can look closer; without this the picture that the server drew stays.
const figure = document.querySelector("figure.history");
const UNITS = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

const sized = (bytes) => {
  let [value, unit] = [Math.abs(bytes), 0];
  while (Number(value.toFixed(1)) >= 1000 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  const number = unit === 0 ? String(value) : value.toFixed(unit > 2 ? 2 : 1);
  return `${bytes < 0 ? "−" : ""}${number} ${UNITS[unit]}`;
};
const rounded = (bytes) => sized(bytes).replace(/\.0+ /, " ");
const day = (time) => new Date(time).toISOString().slice(0, 10);

const options = (data, style, width) => {
  const colour = (name) => style.getPropertyValue(name).trim();
  const [ink, dim, line, paper] = ["--ink", "--dim", "--line", "--paper"].map(colour);
  const records = data.records.map((record) => ({ ...record, value: [record.time, record.size] }));
  const budget = records.map(({ time, budget: limit }) => [time, limit]);
  const last = budget.at(-1);
  if (last && last[1] !== null) budget.push([Math.max(data.until, last[0]), last[1]]);
  const sizes = records.map(({ size }) => size);
  const near = budget.map(([, limit]) => limit).filter((limit) => limit !== null && limit < 1.5 * Math.max(...sizes));
  const [low, high] = [Math.min(...sizes, ...near), Math.max(...sizes, ...near)];
  const least = low < 0.6 * high ? 0 : low;
  const told = ({ data: record }) =>
    record.commit === undefined
      ? `budget ${sized(record[1])}`
      : [
          `{b|${sized(record.size)}}${record.release ? `  ${record.release}` : ""}`,
          `${day(record.time)}  ${record.commit.slice(0, 7)}`,
          record.change === null ? "" : `${record.change > 0 ? "+" : ""}${sized(record.change)} against the one before`,
        ].filter(Boolean).join("\n");
  return {
    animation: false,
    aria: { enabled: false },
    textStyle: { fontFamily: style.fontFamily, color: dim },
    grid: { left: 8, right: 16, top: 34, bottom: 66, containLabel: true },
    tooltip: {
      trigger: "item",
      renderMode: "richText",
      confine: true,
      backgroundColor: paper,
      borderColor: line,
      textStyle: { color: ink, rich: { b: { fontWeight: 600, fontSize: 15, lineHeight: 22 } } },
      formatter: told,
    },
    xAxis: { type: "time", axisLine: { lineStyle: { color: line } }, axisLabel: { color: dim, hideOverlap: true } },
    yAxis: {
      type: "value",
      min: least === 0 ? 0 : undefined,
      scale: least !== 0,
      axisLabel: { color: dim, formatter: rounded },
      splitLine: { lineStyle: { color: line, opacity: 0.6 } },
    },
    dataZoom: [
      { type: "inside", zoomOnMouseWheel: "ctrl", moveOnMouseMove: true },
      {
        type: "slider", height: 26, bottom: 16, borderColor: line, labelFormatter: day, textStyle: { color: dim },
        dataBackground: { lineStyle: { color: dim }, areaStyle: { color: line } },
      },
    ],
    series: [
      {
        name: "size",
        type: "line",
        step: "end",
        symbol: "circle",
        symbolSize: (_value, { data: record }) => (record.release ? 9 : 5),
        showAllSymbol: true,
        itemStyle: { color: colour("--link") },
        lineStyle: { width: 2, color: colour("--link") },
        areaStyle: { color: colour("--link"), opacity: 0.1, origin: "start" },
        emphasis: { scale: 1.6 },
        label: {
          show: width > 560,
          position: "top",
          distance: 7,
          color: ink,
          fontSize: 11,
          formatter: ({ data: record }) => record.release ?? "",
        },
        labelLayout: { hideOverlap: true },
        data: records,
      },
      {
        name: "budget",
        type: "line",
        step: "end",
        symbol: "none",
        silent: true,
        itemStyle: { color: colour("--fail") },
        lineStyle: { type: "dashed", width: 1.5, color: colour("--fail-text") },
        endLabel: { show: true, color: colour("--fail-text"), offset: [-96, -10], formatter: "budget" },
        data: budget,
      },
    ],
  };
};

if (figure) {
  const data = JSON.parse(figure.querySelector("script").textContent);
  const still = figure.querySelector("img");
  const live = document.createElement("div");
  live.className = "chart";
  live.setAttribute("role", "img");
  live.setAttribute("aria-label", still.alt);
  still.replaceWith(live);
  const chart = echarts.init(live, null, { renderer: "svg" });
  const draw = () => chart.setOption(options(data, getComputedStyle(document.body), live.clientWidth), true);
  const zoom = (share) => {
    const { start, end } = chart.getOption().dataZoom[0];
    const [middle, half] = [(start + end) / 2, ((end - start) * share) / 2];
    const span = Math.min(Math.max(half, 0.5), 50);
    chart.dispatchAction({ type: "dataZoom", start: Math.max(0, middle - span), end: Math.min(100, middle + span) });
  };
  const move = (share) => {
    const { start, end } = chart.getOption().dataZoom[0];
    const step = Math.max(-start, Math.min(100 - end, (end - start) * share));
    chart.dispatchAction({ type: "dataZoom", start: start + step, end: end + step });
  };
  const bar = document.createElement("p");
  bar.className = "zoom";
  const actions = [
    ["Closer", () => zoom(0.5)],
    ["Wider", () => zoom(2)],
    ["Earlier", () => move(-0.5)],
    ["Later", () => move(0.5)],
    ["All of it", () => chart.dispatchAction({ type: "dataZoom", start: 0, end: 100 })],
  ];
  for (const [name, act] of actions) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", act);
    bar.append(button);
  }
  live.before(bar);
  chart.on("click", ({ data: record }) => record.page && window.location.assign(record.page));
  draw();
  new ResizeObserver(() => chart.resize()).observe(live);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
