/* A text whose tokens tell their numbers: to a pointer, a finger, and the arrow keys. */
(() => {
  "use strict";
  const { element, arrows, wake } = window.lmstudyLive;

  wake("strip", (root) => {
    const tokens = [...root.querySelectorAll("span[title]")];
    const how = element("p", { class: "live-how" }, /*said*/ "Point at a token, tap it, or reach it by Tab and the arrow keys.");
    const said = element("p", { class: "live-said" });
    let chosen = null;
    const tell = (token) => {
      if (!token) return;
      said.replaceChildren(element("code", null, token.dataset.seen), ` ${token.dataset.said}`);
    };
    const choose = (token) => {
      for (const one of tokens) one.setAttribute("aria-selected", String(one === token));
      chosen = token;
      tell(token);
    };
    for (const token of tokens) {
      token.dataset.said = token.title;
      token.dataset.seen = token.textContent.trim().replace(/\n/g, "") || "␣";
      token.removeAttribute("title"); // it would be told twice
      token.setAttribute("role", "option");
      token.setAttribute("aria-label", `${token.dataset.seen}: ${token.dataset.said}`);
      token.addEventListener("focus", () => choose(token));
      token.addEventListener("click", () => token.focus());
      token.addEventListener("pointerenter", () => tell(token));
      token.addEventListener("pointerleave", () => tell(chosen));
    }
    const text = tokens[0].parentElement;
    text.setAttribute("role", "listbox");
    text.setAttribute("aria-orientation", "horizontal");
    text.setAttribute("aria-label", /*said*/ "The tokens, and the bits that each costs");
    arrows(tokens)();
    choose(tokens[0]);
    text.before(how);
    text.after(said);
  });
})();
