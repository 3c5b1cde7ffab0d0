// The form of the page "Try the model": what is asked for, and the text as it is written.
(() => {
  "use strict";
  const { Tokenizer, Transformer, Privacy, SPECIAL, write, lines, prompt } = window.lmstudyTry ?? {};

  const LONGEST = 2000; // characters of a beginning
  const BEGUN = 96; // tokens of a line that is gone on with
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
  function cut(tokenizer, text, control, sizes) {
    const notes = [];
    if (text.length > LONGEST) {
      text = Array.from(text.slice(-LONGEST - 1)).slice(1).join(""); // no half of a character at the front
      notes.push(`Your beginning is long: only its last ${LONGEST} characters are used.`);
    }
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    const begun = Array.from(text.slice(whole.length));
    let tokens = tokenizer.encode(begun.join("")).length;
    if (tokens > BEGUN) notes.push("The line you began is too long: only its end is used.");
    while (tokens > BEGUN) {
      begun.splice(0, Math.max(1, Math.floor(begun.length * (1 - BEGUN / tokens))));
      tokens = tokenizer.encode(begun.join("")).length;
    }
    text = whole + begun.join("");
    const asked = prompt(tokenizer, text, control, sizes);
    if (asked.unread) notes.push(`The model reads ${sizes.read} tokens: the first ${asked.unread} of yours are left out.`);
    return { ...asked, given: whole, notes };
  }

  // Lines of a masked text, those with personal data and those of the reader marked.
  function list(privacy, text, given) {
    const cuts = lines(text);
    const starts = privacy.items(text).map(([start]) => start);
    const masked = lines(privacy.mask(text));
    let from = 0;
    let minded = 0;
    let written = 0;
    const rows = cuts.map((line, i) => {
      const to = from + line.length;
      const yours = to <= given;
      const holds = starts.some((start) => from <= start && start < to);
      from = to;
      if (!yours) written++;
      if (!yours && holds) minded++;
      const mark = holds ? ["!", "personal data: "] : yours ? [">", "yours: "] : null;
      const row = element("li", holds ? "try-minded" : yours ? "try-given" : "");
      if (mark) row.append(element("span", "try-spoken", mark[1]));
      row.dataset.mark = mark ? mark[0] : "";
      for (const part of masked[i].replace(/\n$/, "").split(/(\{\{[A-Z_]+\}\})/)) {
        if (part) row.append(/^\{\{[A-Z_]+\}\}$/.test(part) ? element("span", "try-masked", part) : part);
      }
      return row;
    });
    return { rows, minded, written };
  }

  function start() {
    const model = window.lmstudyModel;
    const tokenizer = new Tokenizer(model, SPECIAL);
    const network = new Transformer(model);
    const privacy = new Privacy(window.lmstudyNames);
    const form = byId("form");
    let current = null; // the text that is being written

    const control = () => form.elements.control.value;
    const busy = (writing) => {
      byId("stop").disabled = !writing;
      byId("texts").setAttribute("aria-busy", String(writing));
    };
    const settle = () => {
      byId("guidance").disabled = control() === "none"; // it pushes from one token to the other
      byId("strength").value = control() === "none" ? "off" : byId("guidance").value;
    };

    async function writeText() {
      if (current) current.stopped = true;
      const mine = (current = { stopped: false });
      const asked = { control: control(), seed: Number(byId("seed").value) };
      asked.guidance = asked.control === "none" ? 1 : Number(byId("guidance").value);
      const beginning = cut(tokenizer, byId("beginning").value, asked.control, network.sizes);
      const shown = element("ol", "try-lines");
      const head = element("p", "try-head");
      const text = element("section", "try-text", head, shown);
      const way = asked.control === "none" ? "Without a token" : `Behind ${asked.control}, guidance ${asked.guidance}`;
      const title = `${way}, seed ${asked.seed}`;
      text.setAttribute("aria-label", title);
      for (const note of beginning.notes) text.append(element("p", "try-note", note));
      byId("texts").prepend(text);
      while (byId("texts").children.length > KEPT) byId("texts").lastChild.remove();
      byId("status").textContent = "Writing …";
      busy(true);

      const ids = [];
      let spent = 0;
      let ended = false; // by the model
      const look = (finished) => {
        const whole = beginning.given + tokenizer.decode(ids);
        // A line without an end cannot be checked: half an address does not look like one. It is shown as blocks.
        const checked = finished ? whole : whole.slice(0, whole.lastIndexOf("\n") + 1);
        const { rows, minded, written } = list(privacy, checked, beginning.given.length);
        const rest = whole.slice(checked.length).replace(/\S/gu, "▒");
        shown.replaceChildren(...rows, ...(rest ? [element("li", "try-growing", rest)] : []));
        const speed = spent ? `, ${Math.round((ids.length / spent) * 1000)} a second` : "";
        const found = `${written} ${written === 1 ? "line" : "lines"}, ${minded} with personal data`;
        head.textContent = `${title}: ${found}; ${ids.length} tokens${speed}`;
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
        ended = step.done && step.value;
        if (step.done && !ended) text.append(element("p", "try-note", "The model cannot write a longer text."));
        look(ended);
        await new Promise((resume) => setTimeout(resume, 0));
      }
      const found = look(ended);
      if (current !== mine) return; // another text is being written
      byId("status").textContent = `${mine.stopped ? "Stopped" : "Written"}: ${found}.`;
      current = null;
      busy(false);
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      writeText();
    });
    form.addEventListener("input", settle);
    byId("next").addEventListener("click", () => {
      byId("seed").stepUp();
      form.requestSubmit();
    });
    byId("stop").addEventListener("click", () => {
      if (current) current.stopped = true;
      byId("write").focus(); // a button that is switched off cannot keep the focus
    });
    settle();
    byId("missing").hidden = true;
    form.hidden = false;
  }

  try {
    start();
  } catch (error) {
    byId("missing").append(` (${error.message})`);
  }
})();
