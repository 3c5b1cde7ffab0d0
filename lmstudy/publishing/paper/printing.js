/* Makes of an open page what is printed: called once, as preparePage({alone, sheet}), with the print styles in force and
   the window as wide as the paper. `alone` says that the page is a file of its own, `sheet` how many pixels high a sheet
   is. Gives back the page's title, its language and its headings. */
"use strict";

/* Links to what is in the order of the alphabet need no number. */
const LISTS = /\/(glossary|bibliography|claims)\.html#/;

window.preparePage = ({ alone, sheet }) => {
  const article = document.querySelector(".bd-article");
  const all = (selector) => [...article.querySelectorAll(selector)];
  const made = (name, kind, text = "") => Object.assign(document.createElement(name), { className: kind, textContent: text });

  document.documentElement.dataset.theme = "light";
  document.documentElement.classList.add("printed", alone ? "printed-alone" : "printed-book");
  for (const picture of document.images) picture.loading = "eager";
  // On paper nothing unfolds: what is folded is printed, but for code and the names of records.
  for (const folded of all("details:not(.hide, .claim-records)")) folded.open = true;

  const notes = notesAfterBlocks(made);
  for (const claim of all("span.claim")) {
    const more = claim.querySelector(":scope > .claim-more");
    const interval = more?.querySelector(".claim-interval")?.textContent.trim();
    more?.remove();
    if (interval) notes(claim, interval);
  }
  const own = location.pathname;
  for (const link of all("a[href]:not(.headerlink)")) {
    const to = new URL(link.getAttribute("href"), location);
    const text = link.textContent.trim();
    if (to.protocol.startsWith("http")) {
      if (!saysAddress(text, to)) link.append(made("span", "printed-address", ` (${to.href.replace(/\/$/, "")})`));
    } else if (alone) {
      if (to.pathname === own) continue;
      if (link.title) notes(link.closest(".bibtex-citation") ?? link, link.title);
      else if (to.protocol === "file:" && !LISTS.test(to.href)) nameOfPage(link, to, text, made);
      link.removeAttribute("href");
    } else if (to.protocol === "file:" && text && !link.title && !LISTS.test(to.href)) {
      // The number of the sheet is not known yet: the place where it will stand leads where the link does.
      const place = made("a", "printed-page");
      place.href = `${to.pathname}?page${to.hash}`;
      place.style.cssText = "display: inline-block; width: 1.65rem; height: 0.75em; text-decoration: none";
      link.after(place);
    }
  }
  // A caption is as wide as the text, however narrow its table. What is too wide for the sheet is made smaller.
  for (const table of all("table")) {
    const room = table.parentElement.clientWidth;
    if (room && table.scrollWidth > room + 1) table.style.zoom = Math.max(0.6, room / table.scrollWidth);
    if (!table.caption) continue;
    const whole = made("div", "printed-table");
    const above = made("div", "printed-caption");
    table.before(whole);
    above.append(...table.caption.childNodes);
    table.caption.remove();
    whole.append(above, table);
  }
  // What is read as one stays on one sheet, unless that would leave much of a sheet empty.
  const tallest = { "pre, table, .printed-table": 0.4, ".sample-card": 0.25, ".claim-card, .admonition, .answer, .sd-card": 0.6, dl: 1 };
  for (const [kind, share] of Object.entries(tallest))
    for (const element of all(kind))
      if (element.getBoundingClientRect().height > share * sheet) element.classList.add("printed-cut");

  // A section may begin on the sheet before its heading, which needs room for text below it: links are to the heading.
  for (const heading of all("section[id] > :is(h1, h2, h3, h4)")) {
    const section = heading.parentElement;
    heading.prepend(...section.querySelectorAll(":scope > span[id]:empty"));
    const { id } = section;
    section.removeAttribute("id");
    heading.id = id;
  }
  // Chromium keeps the place of an element only where the page itself has a link to it; other pages have some, too.
  for (const { id } of all("[id]")) {
    const link = made("a", "");
    link.href = `#${id}`;
    link.hidden = true;
    document.body.append(link);
  }
  return {
    title: (!alone && headingText(article.querySelector("h1"))) || document.title,
    language: document.documentElement.lang,
    headings: all("h2").map((heading) => ({ text: headingText(heading), id: heading.id })),
  };
};

/* A function that gives an element a number and puts a note of that number below the block in which the element stands. */
function notesAfterBlocks(made) {
  let count = 0;
  return (element, text) => {
    const number = String(++count);
    element.after(made("sup", "printed-mark", number));
    const table = element.closest("table");
    const around = ".text_html, .printed-table, [class*='table-container']";
    const block = table?.closest(around) ?? table ?? element.closest("p, figcaption, li, dd, td");
    const inside = block.matches("li, dd, td, figcaption");
    let list = inside ? block.lastElementChild : block.nextElementSibling;
    if (!list?.matches(".printed-notes")) {
      list = made("div", "printed-notes");
      inside ? block.append(list) : block.after(list);
    }
    const note = made("span", "printed-note");
    note.append(made("sup", "", number), "\u00a0", ...withAddress(text, made));
    list.append(note, " ");
  };
}

/* Whether a link's text tells its address, as "arXiv:1706.03762" does. */
function saysAddress(text, to) {
  const bare = `${to.host}${to.pathname}`.replace(/^www\.|\/$/g, "");
  const last = to.pathname.split("/").filter(Boolean).pop();
  return text.includes(bare) || (last !== undefined && /\d/.test(last) && text.includes(last));
}

/* An entry of the bibliography, its number at arXiv or its DOI a link. */
function withAddress(entry, made) {
  const found = /\b(arXiv|doi):(\S+[^\s.])/.exec(entry);
  if (!found) return [entry];
  const link = made("a", "reference external", found[0]);
  link.href = (found[1] === "arXiv" ? "https://arxiv.org/abs/" : "https://doi.org/") + found[2];
  return [entry.slice(0, found.index), link, entry.slice(found.index + found[0].length)];
}

/* Says behind a link which page of the book it is to, unless it says so itself. */
function nameOfPage(link, to, text, made) {
  const entries = [...document.querySelectorAll("nav.bd-links a[href], .bd-docs-nav a[href]")];
  const name = entries.find((entry) => new URL(entry.href).pathname === to.pathname)?.textContent.trim();
  if (name && !name.includes(text)) link.append(made("span", "printed-address", ` (${name})`));
}

function headingText(heading) {
  const copy = heading?.cloneNode(true);
  copy?.querySelector(".headerlink")?.remove();
  return copy?.textContent.trim().replace(/\s+/g, " ") ?? "";
}
