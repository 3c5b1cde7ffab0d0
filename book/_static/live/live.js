/* What the parts of the pages that answer to the reader have in common. They wait hidden, beside a figure or table that
   stays where scripts are off. */
window.lmstudyLive ??= (() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  let made = 0;

  const filled = (one, attributes, content) => {
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (value === true) one.setAttribute(name, "");
      else if (value !== false && value != null) one.setAttribute(name, value);
    }
    one.append(...content);
    return one;
  };
  const element = (tag, attributes, ...content) => filled(document.createElement(tag), attributes, content);
  const drawn = (tag, attributes, ...content) => filled(document.createElementNS(SVG, tag), attributes, content);

  /* A number as the book writes it, with a true minus; `signed`: a plus before what is above zero. */
  const written = (x, decimals, signed = false) => {
    const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    const size = Math.abs(x).toLocaleString("en-US", options);
    if (!/[1-9]/.test(size)) return size;
    return (x < 0 ? "\u2212" : signed ? "+" : "") + size;
  };

  /* <data>, whose value is the number itself and whose text is what is shown. */
  const number = (name) => element("data", { "data-of": name });
  const show = (one, x, text) => {
    one.value = String(x);
    one.textContent = text;
  };

  /* A labelled slider; `says` turns its value into what is shown beside it and read aloud. */
  const slider = (label, { says, ...attributes }) => {
    const id = `live-${++made}`;
    const input = element("input", { type: "range", id, ...attributes });
    const output = element("output", { for: id });
    const say = () => {
      output.textContent = says(Number(input.value));
      input.setAttribute("aria-valuetext", output.textContent);
    };
    input.addEventListener("input", say);
    say();
    const row = element("div", { class: "live-row" }, element("label", { for: id }, label), input, output);
    return { row, input, say };
  };

  /* A labelled box to tick, or one of several to choose from. */
  const choice = (label, attributes, ...before) => {
    const input = element("input", { type: "checkbox", ...attributes });
    return { row: element("label", { class: "live-choice" }, input, ...before, label), input };
  };

  const group = (legend, ...rows) => element("fieldset", null, element("legend", null, legend), ...rows);

  /* One stop of the tab key for many items; arrows, Home and End lead from one to the next, Escape away. */
  const arrows = (items) => {
    const offered = () => items.filter((item) => item.checkVisibility());
    const stop = (item) => items.forEach((one) => (one.tabIndex = one === item ? 0 : -1));
    const reset = () => stop(offered()[0]);
    for (const item of items) {
      item.addEventListener("focus", () => stop(item));
      item.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        const all = offered();
        const at = all.indexOf(item);
        const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
        if (event.key === "Escape") item.blur();
        if (!(event.key in to)) return;
        event.preventDefault();
        all[Math.min(all.length - 1, Math.max(0, to[event.key]))].focus();
      });
    }
    return reset;
  };

  /* Wake all parts of a kind; one whose script fails stays hidden, and what is static stays. */
  const wake = (kind, build) => {
    for (const root of document.querySelectorAll(`.live[data-live="${kind}"]:not([data-awake])`)) {
      root.dataset.awake = "";
      const data = root.querySelector('script[type="application/json"]');
      build(root, data && JSON.parse(data.textContent));
      root.hidden = false;
    }
  };

  return { element, drawn, written, number, show, slider, choice, group, arrows, wake };
})();
