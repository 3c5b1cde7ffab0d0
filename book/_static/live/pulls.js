/* What each objective adds to the logit of one token: the formulas of the chapter, at values that the reader sets. */
(() => {
  "use strict";
  const { element, written, number, show, slider, wake } = window.lmstudyLive;

  /* How much a token counts for the regressions. */
  const weight = (token, { mean, deviation, value, clip }, beta) =>
    Math.min(Math.exp(((mean - token.score) / deviation - value) / beta), clip);

  /* By objective: the pull, and the formula in words. `token` has a probability p and the score of its line. */
  const pulls = {
    mle: ({ p }) => [1 - p, "1 − p"],
    filtering: ({ p }, { dropped }) => (dropped ? [0, /*said*/ "0: the document is dropped"] : [1 - p, "1 − p"]),
    conditional: ({ p, bad }) => [1 - p, bad ? /*said*/ "1 − p, after the bad token" : /*said*/ "1 − p, after the good token"],
    selective: ({ p, bad }) => (bad ? [0, /*said*/ "0: a bad token is not learned"] : [1 - p, "1 − p"]),
    unlikelihood: ({ p, bad }, _, { alpha }) => (bad ? [-alpha * p, "−α p"] : [1 - p, "1 − p"]),
    rwr: (token, own, { beta }) => {
      const w = weight(token, own, beta);
      return [w * (1 - token.p), `w (1 − p), w = ${written(w, 2)}`];
    },
    awr: (token, own, { beta }) => {
      const w = weight(token, own, beta);
      return [own.share * w * (1 - token.p), `${written(own.share, 2)} w (1 − p), w = ${written(w, 2)}`];
    },
  };
  (window.lmstudyLive.formulas ??= {}).pulls = pulls;

  wake("pulls", (root, { tokens, threshold, objectives, alpha, beta }) => {
    const two = (x) => written(x, 2);
    const select = element("select", { id: "pulls-token" });
    tokens.forEach(({ text, bad, p }, at) =>
      select.append(element("option", { value: at }, `${bad ? /*said*/ "bad line" : /*said*/ "good line"}: ${text} (p = ${two(p)})`)),
    );
    const chance = slider(/*said*/ "Its probability p", { min: 0.01, max: 0.99, step: 0.01, value: tokens[0].p, says: two });
    const strength = slider(/*said*/ "α of unlikelihood", { min: 0, max: 2, step: 0.05, value: alpha, says: two });
    const heat = slider(/*said*/ "β of RWR and AWR", { min: 0.5, max: 4, step: 0.05, value: beta, says: two });

    const rows = objectives.map((own) => {
      const bar = element("span", { class: "live-bar" });
      const pull = number(own.name);
      const formula = element("small");
      const line = element(
        "tr",
        null,
        element("th", { scope: "row" }, own.title, " ", formula),
        element("td", { class: "live-track", "aria-hidden": "true" }, bar),
        element("td", null, pull),
      );
      return { own, bar, pull, formula, line };
    });
    const head = [/*said*/ "objective", "", /*said*/ "pull"].map((text) =>
      text ? element("th", { scope: "col" }, text) : element("td", { "aria-hidden": "true" }),
    );
    const table = element(
      "table",
      { class: "live-table" },
      element("caption", null, /*said*/ "What one step adds to the logit of this token"),
      element("thead", null, element("tr", null, ...head)),
      element("tbody", null, ...rows.map(({ line }) => line)),
    );

    const update = () => {
      const chosen = tokens[select.value];
      const token = { ...chosen, p: Number(chance.input.value), bad: chosen.score > threshold };
      const settings = { alpha: Number(strength.input.value), beta: Number(heat.input.value) };
      // The scale follows the settings and not p, so that bars can be compared while p moves.
      const ends = rows.flatMap(({ own }) =>
        tokens.flatMap(({ score }) =>
          [0, 1].map((p) => pulls[own.name]({ score, p, bad: score > threshold }, own, settings)[0]),
        ),
      );
      const low = Math.min(0, ...ends);
      const width = Math.max(...ends) - low;
      const place = (x) => (100 * (x - low)) / width;
      for (const { own, bar, pull, formula, line } of rows) {
        const [x, words] = pulls[own.name](token, own, settings);
        show(pull, x, written(x, 2, true));
        formula.textContent = words;
        line.classList.toggle("live-down", x < 0);
        bar.parentElement.style.setProperty("--zero", `${place(0)}%`);
        bar.style.left = `${place(Math.min(x, 0))}%`;
        bar.style.width = `${place(Math.abs(x)) - place(0)}%`;
      }
    };
    select.addEventListener("change", () => {
      chance.input.value = tokens[select.value].p;
      chance.say();
      update();
    });

    const form = element(
      "form",
      { class: "live-controls", "aria-label": /*said*/ "The token and the settings" },
      element("div", { class: "live-row" }, element("label", { for: "pulls-token" }, /*said*/ "Token"), select),
      ...[chance, strength, heat].map(({ row }) => row),
      element("button", { type: "reset" }, /*said*/ "As in the chapter"),
    );
    form.addEventListener("input", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () =>
      setTimeout(() => { // once the controls have been set back
        [chance, strength, heat].forEach(({ say }) => say());
        update();
      }),
    );
    root.append(form, table);
    update();
  });
})();
