/* One switch for all code of a page. Without scripts, each piece opens by itself. */
document.addEventListener("DOMContentLoaded", () => {
  const pieces = [...document.querySelectorAll(".bd-article details.hide")];
  for (const piece of pieces) piece.querySelector("summary")?.removeAttribute("aria-label"); // its words are its name
  const title = document.querySelector(".bd-article h1");
  if (pieces.length < 2 || !title) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "all-code";
  const show = (open) => {
    button.textContent = open ? /*said*/ "Hide all code" : /*said*/ "Show all code";
    button.setAttribute("aria-pressed", String(open));
  };
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-pressed") !== "true";
    for (const piece of pieces) piece.open = open;
    show(open);
  });
  show(false);
  title.insertAdjacentElement("afterend", button);
});
