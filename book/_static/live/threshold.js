/* A detector's threshold: a slider that moves along the curve of precision and recall, and what it makes of all lines. */
(() => {
  "use strict";
  const { element, drawn, written, number, show, slider, wake } = window.lmstudyLive;
  const WIDTH = 360;
  const HEIGHT = 250;
  const NAMES = {
    precision: /*said*/ "precision",
    recall: /*said*/ "recall",
    F1: "F1",
    accuracy: /*said*/ "accuracy",
  };
  const MARGIN = { left: 40, right: 12, top: 10, bottom: 38 };

  const x = (recall) => MARGIN.left + recall * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (precision) => HEIGHT - MARGIN.bottom - precision * (HEIGHT - MARGIN.top - MARGIN.bottom);

  const axes = () => {
    const parts = [drawn("path", { class: "live-axis", d: `M${x(0)} ${y(1)}V${y(0)}H${x(1)}` })];
    for (const share of [0, 0.5, 1]) {
      parts.push(drawn("text", { x: x(share), y: y(0) + 16, "text-anchor": "middle" }, String(share)));
      parts.push(drawn("text", { x: x(0) - 6, y: y(share) + 4, "text-anchor": "end" }, String(share)));
    }
    parts.push(drawn("text", { x: x(0.5), y: HEIGHT - 5, "text-anchor": "middle" }, NAMES.recall));
    const turned = `translate(12 ${y(0.5)}) rotate(-90)`;
    return [...parts, drawn("text", { transform: turned, "text-anchor": "middle" }, NAMES.precision)];
  };

  const worth = ([, flagged, found], lines, bad) => ({
    precision: flagged ? found / flagged : NaN, // 0 of 0 flagged lines are bad
    recall: found / bad,
    F1: (2 * found) / (flagged + bad),
    accuracy: (found + lines - bad - (flagged - found)) / lines,
  });

  wake("threshold", (root, { cuts, lines, bad, named, start }) => {
    const all = cuts.map((cut) => worth(cut, lines, bad));
    const known = all.filter(({ precision }) => !Number.isNaN(precision));
    const curve = known.map(({ recall, precision }) => `${x(recall).toFixed(1)},${y(precision).toFixed(1)}`).join(" ");
    const point = drawn("circle", { class: "live-here", r: 6 });
    const picture = drawn(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": /*said*/ "Precision against recall, with the chosen threshold" },
      ...axes(),
      drawn("path", { class: "live-always", d: `M${x(0)} ${y(bad / lines)}H${x(1)}` }),
      drawn("text", { x: x(0) + 6, y: y(bad / lines) - 5 }, /*said*/ "“always”"),
      drawn("polyline", { class: "live-curve", points: curve }),
      point,
    );

    const threshold = slider(/*said*/ "Threshold", {
      min: 0,
      max: cuts.length - 1,
      step: 1,
      value: start,
      says: (at) => written(cuts[at][0], 4),
    });
    const buttons = Object.entries(named).map(([name, at]) => element("button", { type: "button", value: at }, name));

    const out = Object.fromEntries(
      ["precision", "recall", "F1", "accuracy", "found", "missed", "alarms", "passed"].map((name) => [name, number(name)]),
    );
    const head = (scope, text) => element("th", { scope }, text);
    const table = (caption, ...rows) =>
      element("table", { class: "live-table" }, element("caption", null, caption), element("tbody", null, ...rows));
    const measures = Object.keys(NAMES).map((name) =>
      element("tr", null, head("row", NAMES[name]), element("td", null, out[name])),
    );
    const counts = [
      element("tr", null, element("td"), head("col", /*said*/ "flagged"), head("col", /*said*/ "not flagged")),
      element("tr", null, head("row", /*said*/ "breaks a rule"), element("td", null, out.found), element("td", null, out.missed)),
      element("tr", null, head("row", /*said*/ "breaks none"), element("td", null, out.alarms), element("td", null, out.passed)),
    ];

    const update = () => {
      const at = Number(threshold.input.value);
      const [, flagged, found] = cuts[at];
      for (const [name, share] of Object.entries(all[at]))
        show(out[name], share, Number.isNaN(share) ? /*said*/ "0 of 0" : written(share, 3));
      const counted = { found, missed: bad - found, alarms: flagged - found, passed: lines - bad - flagged + found };
      for (const [name, count] of Object.entries(counted)) show(out[name], count, written(count, 0));
      for (const button of buttons) button.setAttribute("aria-pressed", String(Number(button.value) === at));
      const { recall, precision } = all[at];
      point.style.display = Number.isNaN(precision) ? "none" : "";
      if (!Number.isNaN(precision)) for (const [name, where] of [["cx", x(recall)], ["cy", y(precision)]]) point.setAttribute(name, where);
    };
    for (const button of buttons)
      button.addEventListener("click", () => {
        threshold.input.value = button.value;
        threshold.say();
        update();
      });
    threshold.input.addEventListener("input", update);

    const form = element("form", { class: "live-controls", "aria-label": /*said*/ "The threshold" }, threshold.row);
    form.append(element("div", { class: "live-buttons" }, ...buttons));
    form.addEventListener("submit", (event) => event.preventDefault());
    const beside = element("div", { class: "live-beside" }, picture);
    beside.append(element("div", null, table(/*said*/ "What the threshold is worth", ...measures), table(/*said*/ "Lines", ...counts)));
    root.append(form, beside);
    update();
  });
})();
