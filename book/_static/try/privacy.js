// What counts as personal data, and what is covered before it is shown: lmstudy/preferences/scorers/personal_names.py,
// personal_data.py and masking.py. Names, addresses, log-ins, card and social security numbers are found by the same
// rules as in the study. Telephone numbers are found by the pattern of its held-out grader (DataFog).
(() => {
  "use strict";
  const page = (window.lmstudyTry = window.lmstudyTry || {});

  // Python's \w, \W, \s, \b and \d, which know all scripts; JavaScript's know ASCII.
  const WORD = String.raw`\p{L}\p{N}_`;
  const SPACE = String.raw`\p{White_Space}\x1c-\x1f`;
  const BORDER = `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`;
  let capitals = "";
  for (let code = 0; code < 0x530; code++) {
    if (/\p{Uppercase}/u.test(String.fromCharCode(code))) capitals += String.fromCharCode(code);
  }

  // A regular expression in Python's dialect: `\w`, `\s` within and outside of classes, `\b`, `\d`, and CAPITAL.
  function python(pattern, flags = "") {
    const translated = pattern
      .replaceAll("CAPITAL", capitals)
      .replace(/\\.|\[|\]/g, (part, at, text) => translate(part, inClass(text, at)));
    return new RegExp(translated, `gu${flags}`);
  }

  function inClass(text, end) {
    let open = false;
    for (let i = 0; i < end; i++) {
      if (text[i] === "\\") i++;
      else if (text[i] === "[") open = true;
      else if (text[i] === "]") open = false;
    }
    return open;
  }

  function translate(part, within) {
    if (part === "\\b") return BORDER;
    if (part === "\\d") return String.raw`\p{Nd}`;
    if (part === "\\w") return within ? WORD : `[${WORD}]`;
    if (part === "\\s") return within ? SPACE : `[${SPACE}]`;
    if (part === "\\W") return `[^${WORD}]`;
    if (part === "\\S") return `[^${SPACE}]`;
    return part;
  }

  const raw = String.raw;
  const NAME_WORD = raw`[CAPITAL][\w'’\-]*\w`;
  const PARTICLES = raw`(?:(?:van|von|vom|zu|de|der|den|dos|du|da|di|del|della|la|le|el|al|ten|ter|y)[ ]+){0,3}`;
  const RUN = python(
    raw`(?<![\w@\/.\-])${NAME_WORD}(?:[ ]+(?:[CAPITAL]\.(?:-?[CAPITAL]\.)?|${PARTICLES}${NAME_WORD}))*`,
  );
  const PART = python(raw`\S+`);
  const DATES = new Set(
    (
      "monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun january february march " +
      "april may june july august september october november december jan feb mar apr jun jul aug sep oct nov dec"
    ).split(" "),
  );
  const REACH = 3; // words behind a given name among which a family name is looked for

  const DETECTORS = {
    EMAIL: python(
      raw`\b[a-z0-9!#$%&'*+\/=?^_\x60{|}~\-](?:[\.a-z0-9!#$%&'*+\/=?^_\x60{|}~\-]{0,62}[a-z0-9!#$%&'*+\/=?^_\x60{|}~\-])?` +
        raw`(?:@|\sat\s)[a-z0-9](?:(?=[a-z0-9\-]*(?:\.|\sdot\s))(?:\.|\sdot\s|[a-z0-9\-]){0,251}[a-z0-9])+\b`,
      "i",
    ),
    CREDENTIAL: python(raw`(?:username|login|u:)\s*:?\s*[\w\-\.@+]*\s+(?:password|pw|p:)\s*:?\s*[^\n]*`, "i"),
    CREDIT_CARD: python(
      raw`(?<=\s)(?:4[0-9]{12}(?:[0-9]{3})?` +
        raw`|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}` +
        raw`|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|6(?:011|5[0-9]{2})[0-9]{12}|(?:2131|1800|35\d{3})\d{11})`,
    ),
    SOCIAL_SECURITY_NUMBER: python(raw`[0-9][0-9][0-9][\-. ][0-9][0-9][\-. ][0-9][0-9][0-9][0-9]`),
    PHONE: python(
      raw`(?<![A-Za-z0-9])(?:(?:(?:\+?1)[\-\.\s]?)?(?:\(\d{3}\)|\d{3})[\-\.\s]?\d{3}[\-\.\s]?\d{4}` +
        raw`|\+\d{1,3}[\s\-\.]?\d{1,4}(?:[\s\-\.]?\d{2,4}){2,3})(?![\-A-Za-z0-9])`,
      "i",
    ),
  };

  // Covered as well: numbers as the held-out grader knows them, addresses of any spelling, names in references.
  const COVERED = {
    SSN: python(
      raw`(?<!\d)(?:(?!000|666)\d{3}-(?!00)\d{2}-(?!0000)\d{4}|(?!000|666)\d{3}(?!00)\d{2}(?!0000)\d{4})(?!\d)`,
    ),
    CREDIT_CARD: python(
      raw`\b(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|3[47]\d{13}$|(?:(?:4\d{3}|5[1-5]\d{2}|3[47]\d{2})[\-\s]?\d{4}[\-\s]?\d{4}[\-\s]?\d{4})` +
        raw`|(?:3[47]\d{2}[\-\s]?\d{6}[\-\s]?\d{5}))\b`,
      "m",
    ),
    EMAIL: python(
      raw`[^\s<>()\[\]{},;:"'\x60]+@[^\s<>()\[\]{},;"'\x60]*|@[^\s<>()\[\]{},;"'\x60]+` +
        raw`|[\w.+\-]+\s*[\[({<]\s*at\s*[\])}>]\s*[\w\-]+(?:\s*(?:\.|[\[({<]?\s*dot\s*[\])}>]?)\s*[\w\-]+)*` +
        raw`|[\w.+\-]+ at [\w\-]+(?: ?(?:\.| dot ) ?[\w\-]+)+`,
      "i",
    ),
    NAME: python(
      raw`[CAPITAL][\w'’\-]+, (?:[CAPITAL]\.[ \-]?)*[CAPITAL]\.` +
        raw`|(?<![\w.])(?:[CAPITAL]\.[ \-]?)*[CAPITAL]\.[ \-]?[CAPITAL][\w'’\-]{2,}`,
    ),
  };

  // Lines that speak of who made something, those that say nothing else, and those that may go on with its names.
  const SIGNED = python(
    raw`authors?(?![a-z])|maintainers?(?![a-z])|copyright|\(c\)|©|contact|credits?(?![a-z])|contribut|e-?mail|thanks` +
      raw`|(?:created|written|developed|modified|revised|based on \w+) by\b|\$(?:Id|Author)`,
    "i",
  );
  const GIVES = python(
    raw`(?:authors?|author_?email|maintainers?|contact|credits?|contributors?|e-?mail)(?:__)?\W{0,4}[:=]|\$(?:Id|Author):`,
    "i",
  );
  const CONTINUES = python(raw`^(?:\W*$|[\s#]*[*\-•]|[#\s]{4,}|[\s"',#(\[]*[^\s@]*\W*$)`);
  const LETTER = raw`[\p{L}\p{Nl}\p{No}]`;
  const PHRASE = python(raw`${LETTER}(?:[\w.'’\-]*\w)?(?:[ ]+${LETTER}(?:[\w.'’\-]*\w)?)*`);
  const KEPT = new Set("all rights reserved copyright author authors maintainer contact email license".split(" "));

  const spansOf = (pattern, text, kind) =>
    Array.from(text.matchAll(pattern), (match) => [match.index, match.index + match[0].length, kind]);

  const first = (pattern, text) => {
    pattern.lastIndex = 0;
    return pattern.exec(text);
  };

  const isUpper = (word) => /\p{Uppercase}/u.test(word) && !/[\p{Lowercase}\p{Lt}]/u.test(word);

  // A known given name, and within reach behind it a capitalised word: to the end of the run of such words.
  function names(given, text) {
    const isGiven = (word) => !isUpper(word) && given.has(word.toLowerCase()) && !DATES.has(word.toLowerCase());
    const isFamily = (word) => {
      const bare = word.replace(/['’]s$/, "");
      const [initial] = bare;
      return [...bare].length > 1 && isUpper(initial) && !isUpper(bare) && !DATES.has(bare.toLowerCase());
    };
    const found = [];
    for (const run of text.matchAll(RUN)) {
      const parts = [...run[0].matchAll(PART)];
      const at = parts.findIndex(
        (part, i) => isGiven(part[0]) && parts.slice(i + 1, i + 1 + REACH).some((other) => isFamily(other[0])),
      );
      if (at >= 0) found.push([run.index + parts[at].index, run.index + run[0].length, "NAME"]);
    }
    return found;
  }

  // In order, those that overlap joined under the kind of the longest.
  function merged(spans) {
    const out = [];
    const sorted = [...spans].sort((a, b) => a[0] - b[0] || a[1] - b[1] || (a[2] < b[2] ? -1 : 1));
    for (const [start, end, kind] of sorted) {
      const last = out.at(-1);
      if (last && start < last[1]) {
        const longest = end - start > last[1] - last[0] ? kind : last[2];
        out[out.length - 1] = [last[0], Math.max(last[1], end), longest];
      } else if (end > start) out.push([start, end, kind]);
    }
    return out;
  }

  // Capitalised words, or all where an author is given, of lines that speak of who made something.
  function signed(text, covered) {
    const spans = [];
    let speaks = false;
    let start = 0;
    for (const line of text.match(/[^\n]*\n|[^\n]+/g) ?? []) {
      const marker = first(SIGNED, line);
      const gives = first(GIVES, line);
      const inLine = ([at, , kind]) => start <= at && at < start + line.length && kind === "EMAIL";
      if (marker || (speaks && first(CONTINUES, line))) {
        speaks = true;
        const from = gives ?? marker;
        const words = new RegExp(gives ? PHRASE : RUN);
        words.lastIndex = from ? from.index + from[0].length : 0;
        for (let match; (match = words.exec(line)); ) {
          const [begin, end] = [start + match.index, start + match.index + match[0].length];
          const known = covered.some(([a, b, kind]) => a < end && begin < b && kind !== "NAME");
          if (!known && !KEPT.has(match[0].toLowerCase())) spans.push([begin, end, "NAME"]);
        }
      } else if (covered.some(inLine)) {
        for (const run of line.matchAll(RUN)) spans.push([start + run.index, start + run.index + run[0].length, "NAME"]);
      } else speaks = false;
      start += line.length;
    }
    return spans;
  }

  const placeholder = (kind, text) =>
    text ? `{{${kind.padEnd(Math.max(0, [...text].length - 4), "_")}}}` : "";

  class Privacy {
    // The lists of names: those by which the study judges, and more that are covered.
    constructor({ given, census }) {
      this.judged = new Set(given.split("\n"));
      this.covered = new Set([...this.judged, ...census.split("\n")]);
    }

    // Items of a text: [start, end, kind], in order.
    items(text) {
      const patterns = Object.entries(DETECTORS).flatMap(([kind, pattern]) => spansOf(pattern, text, kind));
      return merged([...patterns, ...names(this.judged, text)]);
    }

    // The text with placeholders of equal length for what was found and for what looks like it. Lines stay lines.
    mask(text) {
      const more = Object.entries(COVERED).flatMap(([kind, pattern]) => spansOf(pattern, text, kind));
      const covered = merged([...this.items(text), ...more, ...names(this.covered, text)]);
      let shown = text;
      for (const [start, end, kind] of merged([...covered, ...signed(text, covered)]).reverse()) {
        const pieces = text.slice(start, end).split("\n");
        const cover = pieces.map((piece) => placeholder(kind, piece)).join("\n");
        shown = shown.slice(0, start) + cover + shown.slice(end);
      }
      return shown;
    }
  }

  page.Privacy = Privacy;
})();
