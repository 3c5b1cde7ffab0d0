/* What test_print_of_pages.py asks of a page that printing.js has prepared. */

window.printFaults = () => {
  const faults = [];
  const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const said = (element) => `${element.tagName.toLowerCase()}.${element.className} ${element.textContent.trim().slice(0, 40)}`;
  const edge = document.documentElement.clientWidth + 1;
  if (document.documentElement.scrollWidth > edge) faults.push(`${document.documentElement.scrollWidth} px wide`);

  for (const element of document.querySelectorAll("button, input, select, textarea, video, audio, [role='tab'], .sd-btn"))
    if (shown(element)) faults.push(`useless on paper: ${said(element)}`);
  for (const folded of document.querySelectorAll(".bd-article details:not([open])"))
    if (shown(folded) && !folded.matches(".claim-records")) faults.push(`folded: ${said(folded)}`);
  for (const claim of document.querySelectorAll(".bd-article span.claim"))
    if (shown(claim) && !claim.querySelector(".printed-mark") && !claim.nextElementSibling?.matches(".printed-mark"))
      faults.push(`no interval: ${said(claim)}`);

  for (const box of document.querySelectorAll(".bd-article *")) {
    const style = getComputedStyle(box);
    const cut = ["auto", "scroll", "hidden", "clip"].includes(style.overflowX) && box.scrollWidth > box.clientWidth + 2;
    const inline = style.display === "inline" || box.closest("mjx-container, svg, .math") || box.clientWidth === 0;
    if (cut && !inline && shown(box)) faults.push(`cut at the right: ${said(box)}`);
    const [red, green, blue, alpha = 1] = (style.backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
    const area = box.getBoundingClientRect();
    if (alpha > 0.5 && red + green + blue < 240 && area.width * area.height > 40000 && shown(box))
      faults.push(`dark: ${said(box)}`);
  }
  for (const link of document.querySelectorAll(".bd-article a[href^='http']")) {
    const last = new URL(link.href).pathname.split("/").filter(Boolean).pop() ?? new URL(link.href).host;
    if (shown(link) && !link.textContent.includes(last)) faults.push(`no address: ${said(link)}`);
  }
  return faults;
};
