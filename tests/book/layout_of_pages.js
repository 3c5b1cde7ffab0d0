/* What test_layout_of_pages.py asks of an open page. */

/* A short selector of an element, from the nearest ancestor with an id on. */
window.selectorOf = (element) => {
  const steps = [];
  for (let one = element; one && one !== document.body && steps.length < 5; one = one.parentElement) {
    const id = one.id && !one.id.startsWith("MJX") ? `#${one.id}` : "";
    steps.unshift(one.tagName.toLowerCase() + id + [...one.classList].slice(0, 3).map((name) => `.${name}`).join(""));
    if (id) break;
  }
  return steps.join(" > ");
};

window.isShown = (element) =>
  element.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true });

/* Nothing moves or fades, and what is folded is open: what is measured is where and how it stays. */
{
  const still = document.createElement("style");
  still.textContent = "*, *::before, *::after { transition: none !important; animation: none !important }";
  document.head.append(still);
  for (const folded of document.querySelectorAll("details")) folded.open = true;
}

/* Elements that reach beyond the right edge of the page and cannot be scrolled to. */
window.layoutFaults = () => {
  const edge = document.documentElement.clientWidth + 1;
  const faults = [];
  if (document.documentElement.scrollWidth > edge)
    faults.push(`the page is ${document.documentElement.scrollWidth} px wide`);
  const scrolls = (element) => {
    for (let one = element.parentElement; one && one !== document.body; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (["auto", "scroll"].includes(style.overflowX)) return true;
      if (style.position === "fixed") return one.getBoundingClientRect().right <= edge;
    }
    return false;
  };
  const wide = [];
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest("svg")?.parentElement && element.tagName.toLowerCase() !== "svg") continue;
    const box = element.getBoundingClientRect();
    if (box.right <= edge || box.width < 2 || box.height < 2 || box.left >= 3 * edge) continue;
    if (!isShown(element) || element.closest("mjx-assistive-mml, .visually-hidden, .sr-only")) continue;
    const style = getComputedStyle(element);
    if (style.position === "fixed" && box.left >= edge - 1) continue; // a drawer that waits beside the page
    if (!scrolls(element)) wide.push([element, box]);
  }
  for (const [element, box] of wide) {
    if (wide.some(([other]) => other !== element && element.contains(other))) continue; // the innermost says it
    faults.push(`${selectorOf(element)} ends at ${Math.round(box.right)} px`);
  }
  return faults;
};

/* What is there and cannot be read: texts of a drawing that collide, captions that are cut off, drawings that are too
   small, and boxes that scroll sideways without a shade at the edge. */
window.hiddenFaults = () => {
  const faults = [];
  const said = (element) => `${selectorOf(element)}: ${element.textContent.trim().split(/\s+/).join(" ").slice(0, 40)}`;
  const textBox = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return range.getBoundingClientRect();
  };
  const collide = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
  for (const drawing of document.querySelectorAll(".strip, .plane-area")) {
    const kinds = ".strip-label, .strip-value, .strip-tick, .strip-unit, .plane-label, .plane-x, .plane-y, .plane-across i";
    const texts = [...drawing.querySelectorAll(kinds)].filter(isShown).map((text) => [text, textBox(text)]);
    texts.forEach(([text, box], place) => {
      for (const [other, its] of texts.slice(place + 1))
        if (collide(box, its)) faults.push(`${said(text)} collides with ${other.textContent}`);
      const left = drawing.matches(".strip") ? drawing.parentElement.getBoundingClientRect().left : 0;
      if (box.left < left - 1) faults.push(`${said(text)} begins at ${Math.round(box.left)} px`);
    });
  }
  for (const caption of document.querySelectorAll("caption, figcaption")) {
    const box = textBox(caption);
    for (let one = caption.parentElement; one && isShown(caption); one = one.parentElement) {
      if (!["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(one).overflowX)) continue;
      if (box.right > one.getBoundingClientRect().right + 1) faults.push(`the caption ${said(caption)} is cut off`);
      break;
    }
  }
  for (const drawing of document.querySelectorAll(".cell_output figure img"))
    if (isShown(drawing) && drawing.getBoundingClientRect().width < 480)
      faults.push(`${selectorOf(drawing)} is ${Math.round(drawing.getBoundingClientRect().width)} px wide`);
  for (const box of document.body.querySelectorAll("*")) {
    if (box.scrollWidth <= box.clientWidth + 1 || !isShown(box) || box.closest("pre, mjx-container")) continue;
    const style = getComputedStyle(box);
    if (!["auto", "scroll"].includes(style.overflowX) || style.backgroundAttachment.includes("local")) continue;
    faults.push(`${selectorOf(box)} scrolls sideways without a sign`);
  }
  return faults;
};

{
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const known = new Map();
  /* Red, green and blue of 0 to 255, and opacity of 0 to 1, of any colour that CSS knows. */
  window.colourOf = (text) => {
    if (!known.has(text)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = text;
      pen.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
      known.set(text, [red, green, blue, alpha / 255]);
    }
    return known.get(text);
  };
}

window.over = ([r, g, b, a], [r2, g2, b2]) => [r * a + r2 * (1 - a), g * a + g2 * (1 - a), b * a + b2 * (1 - a), 1];

/* The ratio of WCAG 2. */
window.contrastOf = (one, other) => {
  const part = (value) => (value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
};

window.showIn = (scheme) => {
  document.documentElement.dataset.theme = scheme;
  document.documentElement.dataset.mode = scheme;
};

/* The colour that an element is written on, how opaque it is, and whether a picture is part of that. */
window.groundOf = (element) => {
  const ground = [];
  let opacity = 1;
  let picture = false;
  for (let one = element; one; one = one.parentElement) {
    const style = getComputedStyle(one);
    opacity *= Number(style.opacity);
    picture ||= style.backgroundImage !== "none";
    const colour = colourOf(style.backgroundColor);
    if (colour[3] > 0) ground.push(colour);
    if (colour[3] >= 0.999) break;
  }
  const under = ground.reverse().reduce((below, colour) => over(colour, below), [255, 255, 255, 1]);
  return { under, opacity, picture };
};

/* Kinds of dots in figures that are hard to see on their background. */
window.dotFaults = (scheme, least) => {
  showIn(scheme);
  const faults = new Set();
  for (const dot of document.querySelectorAll(".plane-point, .strip-dot, .live-swatch")) {
    if (!isShown(dot)) continue;
    const style = getComputedStyle(dot);
    const { under, opacity } = groundOf(dot.parentElement);
    const [red, green, blue, alpha] = colourOf(style.backgroundColor);
    const ratio = contrastOf(over([red, green, blue, alpha * opacity * Number(style.opacity)], under), under);
    const name = dot.closest("[data-name]")?.dataset.name ?? "";
    if (ratio < least) faults.add(`a dot ${dot.className} ${name} has a contrast of ${ratio.toFixed(1)}`);
  }
  return [...faults];
};

/* Visible texts, at most `most` of them evenly from the page, whose colour is too near that of their background. */
window.contrastFaults = (scheme, least, most) => {
  showIn(scheme);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const elements = [];
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || element.closest("svg, script, style, noscript, mjx-container")) continue;
    if (element !== elements.at(-1)) elements.push(element);
  }
  const seen = elements.filter((element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 1 && height > 1 && isShown(element);
  });
  const step = Math.max(1, seen.length / most);
  const faults = new Map();
  for (let place = 0; place < seen.length; place += step) {
    const element = seen[Math.floor(place)];
    const { under, opacity, picture } = groundOf(element);
    if (picture) continue;
    const [red, green, blue, alpha] = colourOf(getComputedStyle(element).color);
    const ratio = contrastOf(over([red, green, blue, alpha * opacity], under), under);
    if (ratio >= least) continue;
    const kind = [...element.classList].join(".") || selectorOf(element);
    const text = element.textContent.trim().split(/\s+/).join(" ").slice(0, 40);
    if (!faults.has(kind)) faults.set(kind, `${selectorOf(element)} has a contrast of ${ratio.toFixed(1)}: ${text}`);
  }
  return [...faults.values()];
};
