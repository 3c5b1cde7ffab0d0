/* The search page: looks through SEARCH_TEXTS, which the build writes, so that it works for pages opened from disk.
   Every word must occur in a section, but for those of a question ("what", "does"); where no page has all of three words
   or more, those sections are found that have most of them, and at least half. Chinese is found anywhere, other words
   where a word begins, in British and in American spelling and without a plural's s. */
document.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("search-results");
  if (!place) return;
  const query = (new URLSearchParams(location.search).get("q") ?? "").trim();
  for (const field of document.querySelectorAll('input[name="q"]')) field.value = query;
  const asked = /\p{Script=Han}+|[^\s\p{Script=Han}"'“”‘’,;?!()[\]{}/\-‐–—，。；？！、（）]+/gu;
  const little = new Set(
    "a an and any are at be by can did do does for from get has have how i if in is it its many me much my need of on or \
should so that the there this to was we were what when where which who why will with you your".split(/\s+/),
  );
  const given = [...new Set(query.normalize("NFKC").match(asked))];
  const telling = given.filter((word) => !little.has(word.toLowerCase()));
  const words = telling.length ? telling : given;
  if (!words.length) return;
  const fewest = Math.min(words.length, Math.max(2, Math.ceil(words.length / 2)));
  let [least, found] = [words.length + 1, []];
  while (!found.length && least > fewest) found = find(words, window.SEARCH_TEXTS ?? [], --least);
  place.replaceChildren(...show(words, found, least));

  function pattern(word) {
    const letters = word
      .replace(/(?<=\p{L}{3})(?<!s)s$/u, "")
      .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
      .replace(/(?<=\p{L}i)[sz](?=[aei])/giu, "[sz]");
    const chinese = /\p{Script=Han}/u.test(word);
    return chinese || !/^[\p{L}\p{N}]/u.test(word) ? letters : `(?<!(?!\\p{Script=Han})[\\p{L}\\p{N}])${letters}`;
  }

  /* Places that hold at least so many of the words: a page's title, a heading that is the query or holds it, text, answers
     to questions first; then by how often they occur, together or apart. */
  function find(words, pages, least) {
    const single = words.map((word) => new RegExp(pattern(word), "iu"));
    const any = new RegExp(words.map(pattern).join("|"), "giu");
    const phrase = new RegExp(words.map(pattern).join("[\\s\\-‐–]*"), "giu");
    const times = (expression, text) => (text.match(expression) ?? []).length;
    const count = (text) => times(any, text) + (words.length > 1 ? 5 * times(phrase, text) : 0);
    const enough = (text) => single.filter((one) => one.test(text)).length >= least;
    const found = [];
    for (const [url, title, sections] of pages) {
      const before = found.length;
      const whole = sections.map(([, heading, text]) => `${heading} ${text}`);
      sections.forEach(([anchor, heading, text], index) => {
        if (!enough(whole[index])) return;
        const exact = heading.toLowerCase().split(" · ").includes(query.toLowerCase());
        const answer = heading.endsWith("?") ? 0.5 : 0;
        const level = enough(heading) ? (index === 0 ? 4 : exact ? 3 : 2 + answer) : 1 + answer;
        found.push({ url, title, anchor, heading, text, level, count: count(whole[index]) });
      });
      if (found.length === before && enough(whole.join(" "))) {
        const best = whole.map(count).reduce((kept, value, index, values) => (value > values[kept] ? index : kept), 0);
        const [anchor, heading, text] = sections[best];
        found.push({ url, title, anchor, heading, text, level: 0, count: count(whole[best]) });
      }
    }
    return found.sort((a, b) => b.level - a.level || b.count - a.count);
  }

  function* show(words, found, least, most = 50) {
    const pages = new Set(found.map(({ url }) => url)).size;
    const says = element("p", "search-summary");
    says.setAttribute("role", "status");
    yield says;
    if (!found.length) {
      const none = /*said*/ "No page has all of these words. Fewer words find more";
      says.append(words.length > 1 ? none : /*said*/ "No page has this word");
      const glossary = (window.SEARCH_TEXTS ?? []).find(([url]) => url === "glossary.html");
      const link = glossary && element("a", "", /*said*/ "glossary", "glossary.html");
      says.append(...(link ? [/*said*/ "; the ", link, /*said*/ " has terms in English and Chinese."] : [/*said*/ "."]));
      return;
    }
    const part = least < words.length ? /*said*/ `No page has all of these words, these have ${least} of ${words.length}: ` : "";
    const places = found.length === 1 ? /*said*/ "1 place" : /*said*/ `${found.length} places`;
    const where = pages === 1 ? /*said*/ "1 page" : /*said*/ `${pages} pages`;
    says.append(part, /*said*/ `${places} on ${where}`);
    says.append(found.length > most ? /*said*/ `; these are the first ${most}.` : /*said*/ ".");
    const list = element("ul", "search");
    for (const { url, title, anchor, heading, text } of found.slice(0, most)) {
      const item = element("li");
      const name = anchor && heading ? `${title} › ${heading}` : title;
      const snippet = element("p", "search-snippet");
      snippet.append(...excerpt(text, words));
      item.append(element("a", "", name, anchor ? `${url}#${anchor}` : url), snippet);
      list.append(item);
    }
    yield list;
  }

  /* The text around the place where most of the words are near, as nodes, with the words marked. */
  function excerpt(text, words, before = 60, length = 240) {
    const any = new RegExp(words.map(pattern).join("|"), "giu");
    const hits = [...text.matchAll(any)].map((hit) => [hit.index, hit[0]]);
    const inside = (from, to) => hits.filter(([at, word]) => at >= from && at + word.length <= to);
    let [best, most] = [0, 0];
    for (const [at] of hits.slice(0, 200)) {
      const kinds = new Set(inside(at, at + length - before).map(([, word]) => word.toLowerCase())).size;
      if (kinds > most) [best, most] = [at, kinds];
    }
    const early = Math.max(0, best - before);
    const space = text.indexOf(" ", early);
    const start = early > 0 && space >= 0 && space < best ? space + 1 : early;
    const late = text.lastIndexOf(" ", start + length);
    const end = start + length >= text.length ? text.length : late > best + 100 ? late : start + length;
    const nodes = [start > 0 ? "… " : ""];
    let at = start;
    for (const [from, word] of inside(start, end)) {
      nodes.push(text.slice(at, from), element("mark", "", word));
      at = from + word.length;
    }
    nodes.push(text.slice(at, end), end < text.length ? " …" : "");
    return nodes;
  }

  function element(name, kind = "", text = "", address = "") {
    const made = document.createElement(name);
    if (kind) made.className = kind;
    if (text) made.textContent = text;
    if (address) made.href = address;
    return made;
  }
});
