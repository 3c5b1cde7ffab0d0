// Python source in tokens and logical lines, cut as Python 3.11's module tokenize and pycodestyle's class Checker do.
(() => {
  "use strict";
  const page = (window.lmstudyTry = window.lmstudyTry || {});

  const raw = String.raw;
  const PREFIX = "(?:[bBuUfF]|[rR][bBfF]?|[bBfF][rR])?";
  const DIGITS = "[0-9](?:_?[0-9])*";
  const EXPONENT = raw`[eE][-+]?${DIGITS}`;
  const FLOAT = raw`(?:(?:${DIGITS}\.(?:${DIGITS})?|\.${DIGITS})(?:${EXPONENT})?|${DIGITS}${EXPONENT})`;
  const INTEGER = "0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?0)*|[1-9](?:_?[0-9])*";
  const OPERATOR = raw`\*\*=?|\/\/=?|>>=?|<<=?|\.\.\.|->|:=|[!=<>+\-*\/%&|^@]=|[-+*\/%&|^@<>=()[\]{},:;.~]`;
  const quoted = (quote) => raw`${PREFIX}${quote}[^\n${quote}\\]*(?:\\[^\n][^\n${quote}\\]*)*(?:${quote}|\\\r?\n)`;
  const TOKEN = new RegExp(
    raw`[ \f\t]*(?:(?<join>\\\r?\n)|(?<end>$)|(?<comment>#[^\r\n]*)|(?<triple>${PREFIX}(?:'''|"""))` +
      raw`|(?<number>${DIGITS}[jJ]|${FLOAT}[jJ]|${FLOAT}|${INTEGER})|(?<newline>\r?\n)|(?<operator>${OPERATOR})` +
      raw`|(?<string>${quoted("'")}|${quoted('"')})|(?<name>[\p{L}\p{N}_]+))`,
    "uy",
  );
  const KINDS = ["join", "end", "comment", "triple", "number", "newline", "operator", "string", "name"];
  // What is left of a string, from its line on.
  const ENDS = {
    "'": /[^'\\]*(?:\\[^\n][^'\\]*)*'/y,
    '"': /[^"\\]*(?:\\[^\n][^"\\]*)*"/y,
    "'''": /[^'\\]*(?:(?:\\[^\n]|'(?!''))[^'\\]*)*'''/y,
    '"""': /[^"\\]*(?:(?:\\[^\n]|"(?!""))[^"\\]*)*"""/y,
  };

  function endOf(quote, line, from) {
    const pattern = ENDS[quote];
    pattern.lastIndex = from;
    return pattern.test(line) ? pattern.lastIndex : -1;
  }

  // Tokens of lines, as { type, text, start, end, line }, places as [row from 1, column from 0]. They stop where the
  // lines are no Python any more: at a string or bracket that is never closed, or an indentation that fits no other.
  function* tokens(lines) {
    const indents = [0];
    let depth = 0; // of brackets
    let joined = false; // to the line before, by a backslash
    let open = null; // a string that goes on
    for (let row = 1; row <= lines.length; row++) {
      const line = lines[row - 1];
      const token = (type, from, to) => ({ type, text: line.slice(from, to), start: [row, from], end: [row, to], line });
      let at = 0;
      if (open) {
        at = endOf(open.quote, line, 0);
        const whole = { text: open.text + line.slice(0, at < 0 ? undefined : at), start: open.start };
        if (at >= 0) yield { ...whole, type: "string", end: [row, at], line: open.line + line };
        else if (open.quote.length === 1 && !/\\\r?\n$/.test(line)) {
          yield { ...whole, type: "error", end: [row, line.length], line: open.line };
        } else {
          open = { ...open, text: whole.text, line: open.line + line };
          continue;
        }
        open = null;
        if (at < 0) continue;
      } else if (depth === 0 && !joined) {
        let column = 0;
        for (; " \t\f".includes(line[at] ?? "x"); at++) {
          column = line[at] === " " ? column + 1 : line[at] === "\t" ? (Math.floor(column / 8) + 1) * 8 : 0;
        }
        if (at === line.length) {
          yield { type: "end", text: "", start: [row, 0], end: [row, 0], line: "" };
          return;
        }
        if ("#\r\n".includes(line[at])) {
          const comment = line[at] === "#" ? line.slice(at).replace(/[\r\n]+$/, "") : "";
          if (comment) yield token("comment", at, at + comment.length);
          yield token("blank", at + comment.length, line.length);
          continue;
        }
        if (column > indents.at(-1)) {
          indents.push(column);
          yield token("indent", 0, at);
        }
        while (column < indents.at(-1)) {
          if (!indents.includes(column)) return;
          indents.pop();
          yield token("dedent", at, at);
        }
      } else joined = false;
      while (at < line.length) {
        TOKEN.lastIndex = at;
        const found = TOKEN.exec(line);
        if (!found) {
          yield token("error", at, ++at);
          continue;
        }
        const type = KINDS.find((kind) => found.groups[kind] !== undefined);
        const text = found.groups[type];
        const from = TOKEN.lastIndex - text.length;
        at = TOKEN.lastIndex;
        if (type === "join") joined = true;
        else if (type === "triple" || (type === "string" && text.endsWith("\n"))) {
          const quote = type === "triple" ? text.slice(-3) : text.match(/['"]/)[0];
          const to = type === "triple" ? endOf(quote, line, at) : -1;
          if (to < 0) {
            open = { quote, text: line.slice(from), start: [row, from], line };
            break;
          }
          yield token("string", from, (at = to));
        } else if (type !== "end") {
          if (type === "operator") depth += "([{".includes(text) ? 1 : ")]}".includes(text) ? -1 : 0;
          yield token(type === "newline" && depth > 0 ? "blank" : type, from, at);
        }
      }
    }
    const last = lines.at(-1) ?? "";
    if (open || depth || joined || /[\r\n]$/.test(last) || /^(#|$)/.test(last.trim())) return;
    yield { type: "newline", text: "", start: [lines.length, last.length], end: [lines.length, last.length + 1], line: "" };
  }

  // Columns of white space before a line, tabs to the next multiple of eight.
  function indentation(line) {
    line = line.replace(/[\r\n]+$/, "");
    if (!line.includes("\t")) return line.length - line.trimStart().length;
    let width = 0;
    for (const character of line) {
      if (character === "\t") width = Math.floor(width / 8) * 8 + 8;
      else if (character === " ") width++;
      else break;
    }
    return width;
  }

  // The code of a string token with an x for each character between its quotes.
  function muted(text) {
    const width = /('''|""")$/.test(text) ? 3 : 1;
    const from = text.indexOf(text.at(-1)) + width;
    const to = text.length - width;
    return text.slice(0, from) + "x".repeat(Math.max(0, to - from)) + text.slice(to);
  }

  const LAYOUT = new Set(["newline", "blank", "indent", "dedent"]);

  // One statement's tokens as one line without comments, and where its parts stand: { line, place, tokens }; null where
  // there is no token but layout. place: from an offset in the line to [row, column].
  function logicalLine(tokens, lines) {
    const starts = [];
    let line = "";
    let before = null; // the end of the token before
    for (const token of tokens) {
      if (LAYOUT.has(token.type)) continue;
      if (!starts.length) starts.push([0, token.start]);
      if (token.type === "comment") continue;
      const text = token.type === "string" ? muted(token.text) : token.text;
      if (before && before[0] !== token.start[0]) {
        const last = lines[before[0] - 1][before[1] - 1];
        if (last === "," || (!"{[(".includes(last) && !["}", "]", ")"].includes(text))) line += " ";
      } else if (before) line += token.line.slice(before[1], token.start[1]);
      line += text;
      starts.push([line.length, token.end]);
      before = token.end;
    }
    if (!starts.length) return null;
    const place = (offset) => {
      const [from, [row, column]] = starts.find(([end]) => end >= offset) ?? starts.at(-1);
      return [row, column + offset - from];
    };
    return { line, place, tokens, start: starts[0][1] };
  }

  Object.assign(page, { python: { tokens, logicalLine, indentation, LAYOUT } });
})();
