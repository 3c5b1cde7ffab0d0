// The form of the page "Try the model": what is asked for, and the text as it is written.
(() => {
  "use strict";
  const { Tokenizer, Transformer, Privacy, style, SPECIAL, write, lines, sentences, ended, prompt } = window.lmstudyTry ?? {};

  const LONGEST = 2000; // characters of a beginning
  const BEGUN = 96; // tokens of a line or sentence that is gone on with
  const KEPT = 4; // texts on the page
  const SLICE = 12; // milliseconds of writing between two looks of the page

  const byId = (name) => document.getElementById(`try-${name}`);

  function element(tag, className, ...content) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...content);
    return made;
  }

  // What is read of a beginning that may be too long, and a note that says what was cut.
  function cut(tokenizer, text, control, sizes, segments) {
    const notes = [];
    if (text.length > LONGEST) {
      text = Array.from(text.slice(-LONGEST - 1)).slice(1).join(""); // no half of a character at the front
      notes.push(/*said*/ `Your beginning is long: only its last ${LONGEST} characters are used.`);
    }
    const whole = ended(text, segments).join("");
    const begun = Array.from(text.slice(whole.length));
    let tokens = tokenizer.encode(begun.join("")).length;
    if (tokens > BEGUN) notes.push(/*said*/ "What you began is too long: only its end is used.");
    while (tokens > BEGUN) {
      begun.splice(0, Math.max(1, Math.floor(begun.length * (1 - BEGUN / tokens))));
      tokens = tokenizer.encode(begun.join("")).length;
    }
    text = whole + begun.join("");
    const asked = prompt(tokenizer, text, control, sizes, segments);
    if (asked.unread) notes.push(/*said*/ `The model reads ${sizes.read} tokens: the first ${asked.unread} of yours are left out.`);
    return { ...asked, given: whole, notes };
  }

  // What a model's scorer minds in a text, by the name of the scorer that the model's header has. Each gives for every
  // line what is shown of it, and of each thing that is minded what to call it and what that means. Reviews have the
  // labels of their writers, and no scorer: their sentences are shown, without long numbers and addresses.
  const SCORERS = {
    privacy: () => {
      const privacy = new Privacy(window.lmstudyNames);
      const judge = (text) => {
        const masked = lines(privacy.mask(text));
        const rows = lines(text).map((line, i) => ({ line, shown: masked[i], found: [] }));
        for (const [start, , kind] of privacy.items(text)) {
          let end = 0;
          rows.find(({ line }) => start < (end += line.length)).found.push([kind, ""]);
        }
        return rows;
      };
      return { judge, segments: lines, named: false, minds: /*said*/ "personal data", counted: /*said*/ "with personal data" };
    },
    style: ({ longest }) => {
      const judge = (text) => {
        const rows = lines(text).map((line) => ({ line, shown: line, found: [] }));
        for (const [row, code] of style.violations(text, longest)) rows[row - 1].found.push([code, style.RULES[code]]);
        return rows;
      };
      return { judge, segments: lines, named: true, minds: /*said*/ "a violation", counted: /*said*/ "with a violation" };
    },
    reviews: () => {
      const cover = (text) => text.replace(/[\w.+-]+@[\w.-]+/g, "{{EMAIL}}").replace(/\d(?:[ -]?\d){5,}/g, "{{NUMBER}}");
      const judge = (text) => sentences(text).map((line) => ({ line, shown: cover(line), found: [] }));
      return { judge, segments: sentences, named: false, minds: "", counted: "" };
    },
  };

  const score = (found, characters) => (characters ? found / characters : 0).toFixed(4);

  // Rows of a text for the page, those that are minded and those of the reader marked, and sums over what was written.
  function list({ judge, named, minds }, text, given) {
    const sums = { lines: 0, minded: 0, found: 0, characters: 0 };
    const meanings = new Map(); // of the names that stand behind lines
    let from = 0;
    const rows = judge(text).map(({ line, shown, found }) => {
      from += line.length;
      const yours = from <= given;
      if (!yours) {
        sums.lines++;
        sums.minded += Math.min(1, found.length);
        sums.found += found.length;
        sums.characters += Array.from(line).length;
      }
      const mark = found.length ? ["!", `${minds}: `] : yours ? [">", /*said*/ "yours: "] : null;
      const row = element("li", found.length ? "try-minded" : yours ? "try-given" : "");
      if (mark) row.append(element("span", "try-spoken", mark[1]));
      row.dataset.mark = mark ? mark[0] : "";
      for (const part of shown.replace(/\n$/, "").split(/(\{\{[A-Z_]+\}\})/)) {
        if (part) row.append(/^\{\{[A-Z_]+\}\}$/.test(part) ? element("span", "try-masked", part) : part);
      }
      if (named && found.length) {
        const names = new Map(found);
        const codes = element("small", "try-found", ` ${[...names.keys()].join(" ")} `);
        codes.append(element("span", "", score(found.length, Array.from(line).length)));
        row.append(codes);
        for (const [code, meaning] of names) meanings.set(code, meaning);
      }
      return row;
    });
    return { rows, sums, meanings };
  }

  function script(source) {
    return new Promise((resolve, reject) => {
      const tag = element("script");
      tag.onload = resolve;
      tag.onerror = () => reject(new Error(`${source.split("/").at(-1)} is missing or damaged`));
      tag.src = source;
      document.head.append(tag);
    });
  }

  // A model with all that belongs to it, from the scripts that its choice names; the last of them is its own.
  async function load(scripts) {
    for (const source of scripts.split(" ")) await script(source);
    const model = window.lmstudyModel;
    delete window.lmstudyModel;
    const scorer = SCORERS[model.scorer](model);
    return { tokenizer: new Tokenizer(model, SPECIAL), network: new Transformer(model), scorer };
  }

  function start() {
    const form = byId("form");
    const loaded = new Map(); // a promise for each model that was chosen
    let current = null; // the text that is being written

    const choice = () => form.querySelector("[name=model]:checked").dataset;
    const control = () => form.elements.control.value;
    const busy = (writing) => {
      byId("stop").disabled = !writing;
      byId("texts").setAttribute("aria-busy", String(writing));
    };
    const settle = () => {
      byId("guidance").disabled = control() === "none"; // it pushes from one token to the other
      byId("strength").value = control() === "none" ? /*said*/ "off" : byId("guidance").value;
    };

    // The model that is chosen: it is loaded once, or again where it could not be.
    const chosen = () => {
      const { scripts } = choice();
      byId("missing").hidden = true;
      if (!loaded.has(scripts)) {
        const failed = (error) => {
          loaded.delete(scripts);
          byId("missing").hidden = false;
          byId("error").textContent = `(${error.message})`;
          return null;
        };
        loaded.set(scripts, load(scripts).catch(failed));
      }
      return loaded.get(scripts);
    };

    async function writeText() {
      if (current) current.stopped = true;
      const mine = (current = { stopped: false });
      const asked = { control: control(), seed: Number(byId("seed").value) };
      asked.guidance = asked.control === "none" ? 1 : Number(byId("guidance").value);
      const { name } = choice();
      const typed = byId("beginning").value;
      byId("status").textContent = /*said*/ "Loading the model …";
      busy(true);
      const model = await chosen();
      if (current !== mine) return; // another text was asked for
      if (!model) {
        byId("status").textContent = "";
        current = null;
        busy(false);
        return;
      }
      const { tokenizer, network, scorer } = model;
      const beginning = cut(tokenizer, typed, asked.control, network.sizes, scorer.segments);
      const shown = element("ol", "try-lines");
      const head = element("p", "try-head");
      const legend = element("p", "try-legend");
      const text = element("section", "try-text", head, shown, legend);
      const way = asked.control === "none" ? /*said*/ "without a token" : /*said*/ `behind ${asked.control}, guidance ${asked.guidance}`;
      const title = /*said*/ `${name}, ${way}, seed ${asked.seed}`;
      text.setAttribute("aria-label", title);
      for (const note of beginning.notes) text.append(element("p", "try-note", note));
      byId("texts").prepend(text);
      while (byId("texts").children.length > KEPT) byId("texts").lastChild.remove();
      byId("status").textContent = /*said*/ "Writing …";

      const ids = [];
      let spent = 0;
      let over = false; // the model has ended its text
      const look = (finished) => {
        const whole = beginning.given + tokenizer.decode(ids);
        // A line without an end cannot be judged: half an address does not look like one. It is shown as blocks.
        const checked = finished ? whole : ended(whole, scorer.segments).join("");
        const { rows, sums, meanings } = list(scorer, checked, beginning.given.length);
        const rest = whole.slice(checked.length).replace(/\S/gu, "▒");
        shown.replaceChildren(...rows, ...(rest ? [element("li", "try-growing", rest)] : []));
        legend.textContent = [...meanings].sort().map(([code, meaning]) => `${code}: ${meaning}`).join(". ");
        legend.hidden = !meanings.size;
        const speed = spent ? /*said*/ `, ${Math.round((ids.length / spent) * 1000)} a second` : "";
        const found = scorer.counted
          ? `${sums.lines === 1 ? /*said*/ "1 line" : /*said*/ `${sums.lines} lines`}, ${sums.minded} ${scorer.counted}`
          : sums.lines === 1 ? /*said*/ "1 sentence" : /*said*/ `${sums.lines} sentences`;
        const mean = /*said*/ `mean score ${score(sums.found, sums.characters)}`;
        head.textContent = scorer.counted
          ? /*said*/ `${title}: ${found}, ${mean}; ${ids.length} tokens${speed}`
          : /*said*/ `${title}: ${found}; ${ids.length} tokens${speed}`;
        return found;
      };
      const tokens = write(network, { ...asked, read: beginning.read, forced: beginning.forced });
      for (let step = {}; !step.done && !mine.stopped; ) {
        const began = performance.now();
        while (!step.done && performance.now() - began < SLICE) {
          step = tokens.next();
          if (!step.done) ids.push(step.value);
        }
        spent += performance.now() - began;
        over = step.done && step.value;
        if (step.done && !over) text.append(element("p", "try-note", /*said*/ "The model cannot write a longer text."));
        look(over);
        await new Promise((resume) => setTimeout(resume, 0));
      }
      const found = look(over);
      if (current !== mine) return; // another text is being written
      byId("status").textContent = `${mine.stopped ? /*said*/ "Stopped" : /*said*/ "Written"}: ${found}.`;
      current = null;
      busy(false);
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      writeText();
    });
    form.addEventListener("input", settle);
    for (const input of form.querySelectorAll("[name=model]")) input.addEventListener("change", chosen);
    byId("next").addEventListener("click", () => {
      byId("seed").stepUp();
      form.requestSubmit();
    });
    byId("stop").addEventListener("click", () => {
      if (current) current.stopped = true;
      byId("write").focus(); // a button that is switched off cannot keep the focus
    });
    const linked = form.querySelector(`[name=model][value="${CSS.escape(location.hash.replace("#try-", ""))}"]`);
    if (linked) linked.checked = true; // a link such as try.html#try-reviews chooses a model
    settle();
    form.hidden = false;
    chosen();
  }

  try {
    start();
  } catch (error) {
    byId("error").textContent = `(${error.message})`;
  }
})();
