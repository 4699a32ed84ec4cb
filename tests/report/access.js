// Rules of accessibility that a report must keep; each returns what breaks it.
const SEEN = { opacityProperty: true, visibilityProperty: true };
const NAMED = "a[href], button, input, select, summary, [tabindex='0'], [role=img], [role=button]";
const text = (el) => (el ? el.textContent : "");
const contrast = () => {
  const parse = (text) => { const n = text.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
    return .2126 * x + .7152 * y + .0722 * z;
  };
  const behind = (el) => {
    for (; el; el = el.parentElement) { const c = parse(getComputedStyle(el).backgroundColor); if (c[3] > 0) return c; }
    return [255, 255, 255, 1];
  };
  const bad = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const el = walk.currentNode.parentElement, style = getComputedStyle(el);
    if (!walk.currentNode.data.trim() || !el.checkVisibility(SEEN)) continue;
    if (["SCRIPT", "STYLE"].includes(el.tagName)) continue;
    const svg = el.closest("svg"), a = light(parse(svg ? style.fill : style.color)), b = light(behind(svg || el));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.7 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5) - .01) bad.push([walk.currentNode.data.trim().slice(0, 40), ratio.toFixed(2)]);
  }
  return bad;
};
const names = () => [...document.querySelectorAll(NAMED)]
  .filter((el) => el.checkVisibility())
  .filter((el) => {
    const by = (el.getAttribute("aria-labelledby") || "").split(" ").map((id) => text(document.getElementById(id)));
    const labels = [...(el.labels || [])].map((label) => label.textContent);
    const name = [el.getAttribute("aria-label"), ...by, ...labels, el.textContent].join("").trim();
    return !name;
  }).map((el) => el.outerHTML.slice(0, 80));
const structure = () => {
  const told = [], levels = [...document.querySelectorAll("h1, h2, h3, h4")].map((h) => +h.tagName[1]);
  if (levels.filter((n) => n === 1).length !== 1) told.push("not one h1");
  levels.forEach((n, i) => { if (i && n > levels[i - 1] + 1) told.push(`h${n} after h${levels[i - 1]}`); });
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption?.textContent.trim()) told.push("table without caption");
    for (const th of table.querySelectorAll("th")) if (!th.scope) told.push("th without scope");
    for (const th of table.querySelectorAll("thead th")) if (!th.textContent.trim()) told.push("empty th");
  }
  for (const el of document.querySelectorAll("[aria-controls], [aria-labelledby], label[for]")) {
    const ids = [el.getAttribute("aria-controls"), el.getAttribute("aria-labelledby"), el.getAttribute("for")];
    ids.filter(Boolean).forEach((id) => { if (!document.getElementById(id)) told.push("no id " + id); });
  }
  for (const el of document.querySelectorAll("[tabindex]")) if (el.tabIndex > 0) told.push("positive tabindex");
  for (const el of document.querySelectorAll(".scroll[tabindex='0']"))
    if (!el.getAttribute("role")) told.push("region that scrolls without a role");
  if (!document.documentElement.lang) told.push("no lang");
  if (document.querySelectorAll("main").length !== 1) told.push("not one main");
  return [...new Set(told)];
};
