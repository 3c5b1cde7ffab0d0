// Rules of PEP 8 as pycodestyle 2.15 has them: those that lmstudy/preferences/scorers/pep8.py counts as style.
// lmstudy/publishing/page_rules.py compares both.
(() => {
  "use strict";
  const page = (window.lmstudyTry = window.lmstudyTry || {});
  const { indentation, LAYOUT } = page.python;

  const KEYWORDS = (
    "and as assert async await break class continue def del elif else except finally for from global if import in is " +
    "lambda nonlocal not or pass raise return try while with yield"
  ).split(" ");
  const SOFT = ["_", "case", "match"]; // names that are keywords in some places
  const WANT_SPACE = "**= *= /= //= += -= != < > %= ^= &= |= == <= >= <<= >>= = and in is or -> :=".split(" ");
  const UNARY = [">>", "**", "*", "+", "-"];
  const ARITHMETIC = ["**", "*", "/", "//", "+", "-", "@"];
  const MAY_HAVE_SPACE = [...ARITHMETIC, "^", "&", "|", "<<", ">>", "%"];
  const DEFINES = /^(async\s+def|def)\b/;
  const GENERIC = /^(async\s+def|def|class|type)\s+[\p{L}\p{N}_]+\[/u;
  const TOP = /^(async\s+def\s+|def\s+|class\s+|@)/;
  const BLOCK =
    /^\s*(def|async\s+def|for|async\s+for|if|elif|else|try|except|finally|with|async\s+with|class|while)\b/;
  const ESCAPES = "\n\\'\"abfnrtv01234567xNuU";
  const raw = String.raw;
  const WORDS = new RegExp(raw`(\s*)\b(?:${[...KEYWORDS, "print"].join("|")})\b(\s*)`, "g");
  const SYMBOLS = /[^,\s](\s*)(?:[-+*\/|!<=>%&^]+|:=)(\s*)/g;
  const wide = (space) => space.length > 1 || space.includes("\t");
  const same = (a, b) => a[0] === b[0] && a[1] === b[1];
  const isOne = (token, brackets) => token.type === "operator" && brackets.includes(token.text);

  // Rules for a line as it stands. Each gives [code, column].
  function* physical(line, row, inString, longest) {
    const indent = line.match(/^[ \t]*/)[0];
    if (indent.includes("\t")) yield ["W191", indent.indexOf("\t")];
    const bare = line.replace(/[\n\r\f]+$/, "");
    const stripped = bare.replace(/[ \t\v]+$/, "");
    if (bare !== stripped) yield stripped ? ["W291", stripped.length] : ["W293", 0];
    const text = line.trimEnd();
    const length = Array.from(text).length;
    if (length <= longest || (row === 1 && text.startsWith("#!"))) return;
    const words = text.trim().split(/\s+/);
    const alone = (words.length === 1 && inString) || (words.length === 2 && words[0] === "#"); // an address, say
    if (!(alone && length - Array.from(words.at(-1)).length < longest - 7)) yield ["E501", longest];
  }

  // Rules for a statement: each gives [code, place], a place being an offset in the statement's line or [row, column].
  const LOGICAL = [
    ...[blankLines, spaces, calls, keywords, operators, equals, comments],
    ...[compound, joins, compared, ambiguous, escapes],
  ];

  function* blankLines({ line, level, blank, blankBefore, previous, lines, row }) {
    if (!previous.line && blankBefore < 2) return;
    if (previous.line.startsWith("@")) {
      if (blank) yield ["E304", 0];
    } else if (blank > 2 || (level && blank === 2)) yield ["E303", 0];
    else if (TOP.test(line)) {
      if (blankBefore === 0 && oneLiner(level, lines, row)) return;
      if (level) {
        if (blankBefore === 1 || previous.level < level || /^u?r?["']/.test(previous.line)) return;
        let ancestor = level;
        let nested = false;
        for (let i = row - 2; i >= 0; i--) {
          if (!lines[i].trim() || indentation(lines[i]) >= ancestor) continue;
          ancestor = indentation(lines[i]);
          nested = DEFINES.test(lines[i].trimStart());
          if (nested || !ancestor) break;
        }
        yield [nested ? "E306" : "E301", 0];
      } else if (blankBefore !== 2) yield ["E302", 0];
    } else if (line && !level && blankBefore !== 2 && /^(def|class) /.test(previous.unindented)) yield ["E305", 0];
  }

  // Whether a definition, the last of its decorators and all, ends on its line.
  function oneLiner(level, lines, row) {
    if (row >= 2 && indentation(lines[row - 2]) > level) return false;
    let at = row - 1;
    while (at < lines.length && (lines[at].trim().startsWith("@") || !TOP.test(lines[at].trim()))) at++;
    if (at === lines.length) return false;
    const next = lines.slice(at + 1).find((line) => line.trim());
    return next === undefined || indentation(next) <= level;
  }

  function* spaces({ line }) {
    if (/^@\s/.test(line)) yield ["E204", 1];
    for (const { 0: text, index } of line.matchAll(/[[({][ \t]|[ \t][\]}),;:](?!=)/g)) {
      if (/\s$/.test(text)) yield ["E201", index + 1];
      else if (line.at(index - 1) !== ",") yield [/[\]})]$/.test(text) ? "E202" : "E203", index];
    }
    for (const { 0: text, index } of line.matchAll(/[,;:]\s*(?: {2}|\t)/g)) {
      yield [text.includes("\t") ? "E242" : "E241", index + 1];
    }
    for (const { 0: text, 1: before, 2: after, index } of line.matchAll(WORDS)) {
      if (wide(before)) yield [before.includes("\t") ? "E274" : "E272", index];
      if (wide(after)) yield [after.includes("\t") ? "E273" : "E271", index + text.length - after.length];
    }
    for (const { 0: text, 1: before, 2: after, index } of line.matchAll(SYMBOLS)) {
      if (wide(before)) yield [before.includes("\t") ? "E223" : "E221", index + 1];
      if (wide(after)) yield [after.includes("\t") ? "E224" : "E222", index + text.length - after.length];
    }
  }

  function* calls({ tokens }) {
    for (let i = 1; i < tokens.length; i++) {
      const [before, token] = [tokens[i - 1], tokens[i]];
      const called = before.type === "name" || "}])".includes(before.text || " ");
      if (!isOne(token, "([") || same(token.start, before.end) || !called || tokens[i - 2]?.text === "class") continue;
      const word = [...KEYWORDS, ...SOFT, "None", "False", "True"].includes(before.text);
      if (!word) yield ["E211", before.end];
    }
  }

  function* keywords({ tokens }) {
    for (const [i, { type, text, end }] of tokens.slice(0, -1).entries()) {
      const next = tokens[i + 1];
      if (type !== "name" || !KEYWORDS.includes(text) || !same(end, next.start)) continue;
      if ((text === "except" && next.text === "*") || (text === "yield" && next.text === ")")) continue;
      if (!["", ":", "\n"].includes(next.text)) yield ["E275", end];
    }
  }

  // White space around operators and after commas. `need` is false, true, or, where spaces are allowed on both sides or
  // on none, [where the operator begins, whether there is one before it].
  function* operators({ tokens }) {
    let need = false;
    let before = { type: "operator", text: null, end: null };
    const open = []; // brackets, and l for a lambda
    for (const token of tokens) {
      const { type, text, start, end, line } = token;
      if (isOne(token, "[({")) open.push(text);
      else if (type === "name" && text === "lambda") open.push("l");
      else if (open.length && (isOne(token, "])}") || (open.at(-1) === "l" && type === "operator" && text === ":"))) {
        open.pop();
      }
      if (LAYOUT.has(type) || type === "comment" || type === "error") continue;
      if (isOne(token, ",;:")) {
        const next = line.slice(end[1], end[1] + 1);
        const fine = " \t\u00a0\r\n".includes(next) || (text === ":" && open.at(-1) === "[");
        if (!fine && !(text === "," && ")]".includes(next))) yield ["E231", start];
      }
      if (need) {
        if (!before.end || !same(start, before.end)) {
          if (need !== true && !need[1]) yield ["E225", need[0]];
          need = false;
        } else if (!((before.text === "/" && [",", ")", ":"].includes(text)) || (before.text === ")" && text === ":"))) {
          if (need === true || need[1]) yield ["E225", before.end];
          else if (before.text === "%") yield ["E228", need[0]];
          else if (before.text !== "**") yield [ARITHMETIC.includes(before.text) ? "E226" : "E227", need[0]];
          need = false;
        }
      } else if ((type === "operator" || type === "name") && before.end) {
        if (text === "=" && ["l", "("].includes(open.at(-1))) {
          // an argument, which `equals` looks at
        } else if (WANT_SPACE.includes(text)) {
          need = same(start, before.end) ? false : true;
          if (!need) yield ["E225", before.end];
        } else if (UNARY.includes(text)) {
          const value =
            before.type === "operator"
              ? "}])".includes(before.text)
              : !KEYWORDS.includes(before.text) && before.text !== "print" && !SOFT.includes(before.text);
          if (value) need = [before.end, !same(start, before.end)];
        } else if (MAY_HAVE_SPACE.includes(text)) need = [before.end, !same(start, before.end)];
      }
      before = { type, text, end };
    }
  }

  // Arguments: no space around =, but for those with an annotation.
  function* equals({ line, tokens }) {
    const defines = DEFINES.test(line);
    const generic = GENERIC.test(line);
    const open = [];
    let wants = null; // of the space behind =
    let annotated = false;
    let before = null;
    for (const token of tokens) {
      const { type, text, start, end } = token;
      if (type === "blank") continue;
      if (wants !== null && same(start, before) === wants) yield [wants ? "E252" : "E251", before];
      wants = null;
      if (type === "operator") {
        if ("([".includes(text)) open.push(text);
        else if (")]".includes(text) && open.length) open.pop();
        else if (text === ":" && defines && open.join("") === "(") annotated = true;
        else if (open.length === 1 && text === ",") annotated = false;
        else if (open.length && text === "=") {
          wants = (generic && open.join("") === "[") || (annotated && open.join("") === "(");
          if (same(start, before) === wants) yield [wants ? "E252" : "E251", before];
        }
        if (!open.length) annotated = false;
      }
      before = end;
    }
  }

  function* comments({ tokens }) {
    let before = [0, 0];
    for (const { type, text, start, end, line } of tokens) {
      if (type !== "comment") {
        if (type !== "blank") before = end;
        continue;
      }
      const inline = line.slice(0, start[1]).trim();
      if (inline && before[0] === start[0] && start[1] < before[1] + 2) yield ["E261", before];
      const [symbol] = text.split(" ", 1);
      const comment = text.slice(symbol.length + 1);
      const bad = !["", "#", ":", "#:"].includes(symbol) && (symbol.replace(/^#+/, "")[0] ?? "#");
      if (inline) {
        if (bad || /^[ \t\u00a0]/.test(comment)) yield ["E262", start];
      } else if (bad && (bad !== "!" || start[0] > 1)) {
        if (bad !== "#") yield ["E265", start];
        else if (comment) yield ["E266", start];
      }
    }
  }

  function* compound({ line }) {
    const counts = Object.fromEntries(Array.from("{}[]()", (bracket) => [bracket, 0]));
    const last = line.length - 1;
    let from = 0;
    for (let at = line.indexOf(":"); at > -1 && at < last; at = line.indexOf(":", at + 1)) {
      for (const character of line.slice(from, at)) if (character in counts) counts[character]++;
      const outside = counts["{"] <= counts["}"] && counts["["] <= counts["]"] && counts["("] <= counts[")"];
      if (outside && line[at + 1] !== "=") {
        const lambda = line.slice(0, at).search(/\blambda\b/);
        if (lambda >= 0) {
          if (/^[\p{L}_][\p{L}\p{N}_]*\s*=\s*$/u.test(line.slice(0, lambda).trimStart())) yield ["E731", 0];
          break;
        }
        if (DEFINES.test(line)) yield ["E704", 0];
        else if (BLOCK.test(line)) yield ["E701", at];
      }
      from = at;
    }
    for (let at = line.indexOf(";"); at > -1; at = line.indexOf(";", at + 1)) yield [at < last ? "E702" : "E703", at];
  }

  function* joins({ tokens }) {
    let [rowBefore, endBefore, depth] = [0, 0, 0];
    let comment = false;
    let backslash = null;
    for (const { type, text, start, end, line } of tokens) {
      if (type === "comment") comment = true;
      if (start[0] !== rowBefore) {
        if (depth && backslash && !comment) yield ["E502", backslash];
        comment = false;
      }
      if (end[0] !== endBefore) {
        const bare = line.replace(/[\r\n]+$/, "");
        backslash = bare.endsWith("\\") ? [end[0], bare.length - bare.lastIndexOf("\n") - 2] : null;
        rowBefore = endBefore = end[0];
      } else rowBefore = start[0];
      if (type === "operator") depth += "([{".includes(text) ? 1 : ")]}".includes(text) ? -1 : 0;
    }
  }

  function* compared({ line }) {
    for (const found of line.matchAll(/\b(None|False|True)\s*[=!]=\s*\b|[=!]=\s*(None|False|True)\b/g)) {
      yield [(found[1] ?? found[2]) === "None" ? "E711" : "E712", found.index + found[0].search(/[=!]=/)];
    }
    if (/^except\s*:/.test(line)) yield ["E722", 0];
    const negated = line.match(/\b(?<!is\s)not\s+[^\][)(}{ ]+\s+(in|is)\s/);
    if (negated) yield [negated[1] === "in" ? "E713" : "E714", negated.index];
    const type = raw`type\s*\(\s*([^)]*[^\s)])\s*\)`;
    const types = line.match(new RegExp(raw`[=!]=\s+${type}|(?<!\.)\b${type}\s+[=!]=`));
    const plain = types?.[1] && /^[\p{L}_][\p{L}\p{N}_]*$/u.test(types[1]) && !/^(None|False|True)$/.test(types[1]);
    if (types && !plain) yield ["E721", types.index];
  }

  function* ambiguous({ tokens }) {
    const avoided = ["l", "O", "I"];
    let depth = 0;
    let parameters = null; // the depth of a definition or lambda whose parameters are read
    let read = false;
    for (let i = 1; i < tokens.length; i++) {
      const [before, { text, start }] = [tokens[i - 1], tokens[i]];
      if (["def", "lambda"].includes(before.text)) [parameters, read] = [depth, false];
      else if (parameters === depth && text === ":") read = true;
      if (text && "([{".includes(text)) depth++;
      else if (text && ")]}".includes(text)) depth--;
      const assigns = text === ":=" || (text === "=" && depth === 0);
      if (assigns && avoided.includes(before.text)) yield ["E741", before.start];
      const next = tokens[i + 1]?.text;
      const between = ["lambda", ",", "*", "**", "("].includes(before.text) && [":", ",", "=", ")", ""].includes(next);
      const isParameter = between && parameters !== null && !read;
      const bound = ["as", "for", "global", "nonlocal"].includes(before.text) || isParameter;
      if (!avoided.includes(text)) continue;
      if (bound) yield ["E741", start];
      if (before.text === "class") yield ["E742", start];
      if (before.text === "def") yield ["E743", start];
    }
  }

  function* escapes({ tokens }) {
    for (const { type, text, start } of tokens) {
      if (type !== "string" || /^[^'"]*r/i.test(text)) continue;
      for (let at = text.indexOf("\\"); at >= 0; at = text.indexOf("\\", at + 2)) {
        if (ESCAPES.includes(text[at + 1])) continue;
        const rows = text.slice(0, at + 1).split("\n");
        yield ["W605", [start[0] + rows.length - 1, rows.at(-1).length - 1 + (rows.length === 1 ? start[1] : 0)]];
      }
    }
  }

  page.pep8 = { physical, LOGICAL };
})();
