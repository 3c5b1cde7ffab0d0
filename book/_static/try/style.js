// What of the study's rules of style a document breaks, looked for as pycodestyle's class Checker does.
(() => {
  "use strict";
  const page = (window.lmstudyTry = window.lmstudyTry || {});
  const { tokens: tokensOf, logicalLine, indentation } = page.python;
  const { physical, LOGICAL } = page.pep8;

  const RULES = {
    E201: /*said*/ "space behind a bracket",
    E202: /*said*/ "space before a bracket",
    E203: /*said*/ "space before , ; or :",
    E204: /*said*/ "space behind @",
    E211: /*said*/ "space before the bracket of a call",
    E221: /*said*/ "more than one space before an operator",
    E222: /*said*/ "more than one space after an operator",
    E223: /*said*/ "tab before an operator",
    E224: /*said*/ "tab after an operator",
    E225: /*said*/ "no space around an operator",
    E226: /*said*/ "no space around an arithmetic operator",
    E227: /*said*/ "no space around a bitwise operator",
    E228: /*said*/ "no space around %",
    E231: /*said*/ "no space after , ; or :",
    E241: /*said*/ "more than one space after , ; or :",
    E242: /*said*/ "tab after , ; or :",
    E251: /*said*/ "space around the = of an argument",
    E252: /*said*/ "no space around the = of an annotated argument",
    E261: /*said*/ "fewer than two spaces before a comment",
    E262: /*said*/ "comment that does not begin with # and a space",
    E265: /*said*/ "comment that does not begin with # and a space",
    E266: /*said*/ "comment that begins with more than one #",
    E271: /*said*/ "more than one space after a keyword",
    E272: /*said*/ "more than one space before a keyword",
    E273: /*said*/ "tab after a keyword",
    E274: /*said*/ "tab before a keyword",
    E275: /*said*/ "no space after a keyword",
    E301: /*said*/ "no blank line before a method",
    E302: /*said*/ "other than two blank lines before a definition",
    E303: /*said*/ "too many blank lines",
    E304: /*said*/ "blank line after a decorator",
    E305: /*said*/ "other than two blank lines after a definition",
    E306: /*said*/ "no blank line before a nested definition",
    E501: /*said*/ "line too long",
    E502: /*said*/ "needless backslash between brackets",
    E701: /*said*/ "two statements on one line",
    E702: /*said*/ "two statements on one line",
    E703: /*said*/ "needless ;",
    E704: /*said*/ "definition on one line",
    E711: /*said*/ "comparison with None",
    E712: /*said*/ "comparison with True or False",
    E713: /*said*/ "not … in for not in",
    E714: /*said*/ "not … is for is not",
    E721: /*said*/ "comparison of types",
    E722: /*said*/ "except without an exception",
    E731: /*said*/ "name for a lambda",
    E741: /*said*/ "name that looks like a digit",
    E742: /*said*/ "class name that looks like a digit",
    E743: /*said*/ "function name that looks like a digit",
    W191: /*said*/ "tab in an indentation",
    W291: /*said*/ "space at the end",
    W293: /*said*/ "space in a blank line",
    W605: /*said*/ "unknown escape in a string",
  };

  // Violations of a document as [row from 1, code], in order; nothing twice at one place.
  function violations(text, longest) {
    const lines = text.match(/[^\n]*\n|[^\n]+/g) ?? [];
    const found = new Map();
    const note = (row, column, code) => {
      row = Math.min(Math.max(row, 1), lines.length);
      found.set(`${row} ${column} ${code}`, [row, code]);
    };
    const look = (line, row, inString) => {
      for (const [code, column] of physical(line, row, inString, longest)) note(row, column, code);
    };
    let held = []; // tokens of the statement that is read
    let previous = { line: "", level: 0, unindented: "" };
    let [depth, blank, blankBefore] = [0, 0, 0];
    const statement = () => {
      const logical = logicalLine(held, lines);
      if (!logical) return;
      const level = indentation(lines[logical.start[0] - 1].slice(0, logical.start[1]));
      blankBefore = Math.max(blankBefore, blank);
      const seen = { ...logical, level, blank, blankBefore, previous, lines, row };
      for (const rule of LOGICAL) {
        for (const [code, place] of rule(seen)) {
          const [at, column] = Array.isArray(place) ? place : logical.place(place);
          note(at, column, code);
        }
      }
      if (logical.line) previous = { line: logical.line, level, unindented: level ? previous.unindented : logical.line };
      blank = 0;
      held = [];
    };
    let row = 0; // that the tokens have come to
    let lineBefore = "";
    for (const token of tokensOf(lines)) {
      const { type, text: code, start, end, line } = token;
      row = Math.min(end[0], lines.length);
      if (type === "newline" || type === "blank" || line.slice(end[1]).trimStart() === "\\\n") {
        look(line || lineBefore, row, false);
      } else if (type === "string" && code.includes("\n")) {
        for (let at = start[0]; at < end[0]; at++) look(`${lines[at - 1]}\n`, at, true);
      }
      lineBefore = line;
      held.push(token);
      if (type === "operator") depth += "([{".includes(code) ? 1 : ")]}".includes(code) ? -1 : 0;
      else if (depth) continue;
      else if (type === "newline") {
        statement();
        blankBefore = 0;
      } else if (type === "blank") {
        if (held.length === 1) {
          blank++;
          held = [];
        } else statement();
      }
    }
    if (held.length) {
      row = lines.length;
      look(lines.at(-1), row, false);
      statement();
    }
    return [...found.values()].sort(([a], [b]) => a - b);
  }

  page.style = { violations, RULES };
})();
