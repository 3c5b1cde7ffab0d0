/* Planes of points in the place of a drawn figure: choose tasks and methods, and see the single seeds. */
(() => {
  "use strict";
  const { element, choice, group, arrows, wake } = window.lmstudyLive;

  /* The drawing that these planes stand for: the nearest one in a cell above. */
  const drawing = (root) => {
    for (let cell = root.closest(".cell")?.previousElementSibling; cell; cell = cell.previousElementSibling) {
      const found = cell.querySelector("figure img");
      if (found) return found.closest("a") ?? found;
    }
    return null;
  };

  wake("plane", (root) => {
    const panels = [...root.querySelectorAll(".live-panel")];
    const ones = [...root.querySelectorAll(".plane-one")];
    const nameOf = (one) => one.dataset.name;
    for (const one of ones) {
      const more = one.querySelector(".plane-more");
      const seeds = JSON.parse(one.dataset.seeds ?? "[]");
      for (const [left, up] of seeds)
        one.prepend(element("span", { class: "plane-seed", style: `left:${left}%;bottom:${up}%` }));
      more.append(...seeds.map(([, , told]) => element("span", { class: "plane-told" }, told)));
    }

    const tasks = [/*said*/ "all tasks", ...panels.map((panel) => panel.dataset.task)].map((name, at) =>
      choice(name, { type: "radio", name: "live-task", value: at ? name : "", checked: !at }),
    );
    const methods = [...new Set(ones.map(nameOf))].map((name) => {
      const colour = ones.find((one) => nameOf(one) === name).style.getPropertyValue("--colour");
      const swatch = element("span", { class: "live-swatch", style: `--colour:${colour}` });
      return choice(name, { value: name, checked: true }, swatch);
    });
    const single = choice(/*said*/ "Show the single seeds", { name: "live-seeds" });

    const resets = panels.map((panel) => arrows([...panel.querySelectorAll(".plane-point")]));
    const update = () => {
      const task = tasks.find(({ input }) => input.checked).input.value;
      const shown = new Set(methods.filter(({ input }) => input.checked).map(({ input }) => input.value));
      for (const panel of panels) panel.hidden = task !== "" && task !== panel.dataset.task;
      for (const one of ones) one.hidden = !shown.has(nameOf(one));
      root.classList.toggle("live-seeds", single.input.checked);
      for (const point of root.querySelectorAll(".plane-point")) {
        const parts = [...point.querySelectorAll(".plane-more > *")].filter(
          (part) => single.input.checked || !part.matches(".plane-told"),
        );
        point.setAttribute("role", "img");
        point.setAttribute("aria-label", parts.map((part) => part.textContent).join("; "));
      }
      resets.forEach((reset) => reset());
    };

    const form = element("form", { class: "live-controls", "aria-label": /*said*/ "What the figure shows" });
    if (panels.length > 1) form.append(group(/*said*/ "Task", ...tasks.map(({ row }) => row)));
    form.append(group(/*said*/ "Method", ...methods.map(({ row }) => row)), single.row);
    form.addEventListener("change", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    const how = /*said*/ "Point at a point, tap it, or reach it by Tab and the arrow keys: it tells its numbers.";
    root.prepend(form, element("p", { class: "live-how" }, how));
    const figure = drawing(root);
    if (figure) {
      figure.before(root);
      figure.classList.add("live-printed");
    }
    root.hidden = false; // what is hidden has no place for the arrows to go
    update();
  });
})();
