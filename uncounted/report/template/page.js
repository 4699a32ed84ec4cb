"use strict";
(() => {
  const all = (css, from = document) => [...from.querySelectorAll(css)];

  // Countries: sort by a heading, filter by text.
  const table = document.getElementById("every"), body = table.tBodies[0], rows = [...body.rows];
  const words = rows.map((row) => plain(row.cells[0].textContent + " " + row.querySelector(".evidence").textContent));
  function plain(text) { return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase(); }
  function value(row, at, kind) {
    const cell = row.cells[at];
    return kind === "number" ? parseFloat(cell.dataset.v) : plain(cell.textContent.replace(/^[^\p{L}]+/u, ""));
  }
  function sort(head, kind) {
    const down = head.getAttribute("aria-sort") === (kind === "number" ? "descending" : "ascending");
    const way = (kind === "number") === down ? 1 : -1, at = head.cellIndex;
    all("th[aria-sort]", table).forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
    const keyed = rows.map((row) => [value(row, at, kind), row]);
    keyed.sort(([a], [b]) => {
      if (kind === "number") return Number.isNaN(a) - Number.isNaN(b) || way * (a - b) || 0;
      return way * a.localeCompare(b);
    });
    body.append(...keyed.map(([, row]) => row));
  }
  all("th[data-sort]", table).forEach((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", head.cellIndex === 0 ? "ascending" : "none");
    button.addEventListener("click", () => sort(head, head.dataset.sort));
  });
  const field = document.getElementById("filter"), told = document.querySelector(".filter output");
  document.querySelector(".filter").hidden = false;
  field.addEventListener("input", () => {
    const sought = plain(field.value.trim());
    let n = 0;
    rows.forEach((row, i) => { row.hidden = !words[i].includes(sought); n += !row.hidden; });
    const text = n ? told.dataset.told.replace("{n}", n).replace("{total}", rows.length) : told.dataset.none;
    told.textContent = sought ? text : "";
  });

  // Map: one stop of the Tab key; arrow keys go to the nearest country that way; a tip for pointer, finger and focus.
  const figure = document.querySelector("figure.map"), svg = figure.querySelector("svg.un-map");
  const tip = figure.querySelector(".tip"), lands = all("[data-x]", svg);
  const where = (land) => [+land.dataset.x, +land.dataset.y];
  all("title", svg).forEach((title) => {
    const shape = title.parentNode;
    shape.setAttribute("aria-label", title.textContent);
    title.remove();
  });
  lands.forEach((land) => { land.setAttribute("role", "img"); land.setAttribute("tabindex", "-1"); });
  if (lands.length) lands[0].setAttribute("tabindex", "0");
  const coarse = Math.max(1, Math.min(2.2, 700 / svg.clientWidth)), turned = "patternTransform";
  all("pattern", svg).forEach((one) => one.setAttribute(turned, `${one.getAttribute(turned)} scale(${coarse})`));
  function show(shape, x, y) {
    const text = shape.getAttribute("aria-label"), frame = figure.getBoundingClientRect();
    all(".un-on", svg).forEach((other) => other.classList.remove("un-on"));
    shape.classList.add("un-on");
    tip.textContent = text;
    tip.hidden = false;
    tip.style.left = Math.max(0, Math.min(x - frame.left + 14, frame.width - tip.offsetWidth)) + "px";
    tip.style.top = Math.max(0, y - frame.top - tip.offsetHeight - 12) + "px";
  }
  function hide() {
    tip.hidden = true;
    all(".un-on", svg).forEach((other) => other.classList.remove("un-on"));
  }
  function near(event) {
    const over = event.target.closest("[aria-label]");
    const back = svg.getScreenCTM().inverse();
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(back);
    let best = over === svg ? null : over, least = (event.pointerType === "mouse" ? 6 : 14) * back.a;
    if (best && best.tagName === "circle") return best;
    for (const land of lands) {
      if (land.tagName !== "circle") continue;
      const [x, y] = where(land), far = Math.hypot(x - at.x, y - at.y);
      if (far < least) { least = far; best = land; }
    }
    return best;
  }
  svg.addEventListener("pointermove", (event) => {
    const shape = near(event);
    if (shape) show(shape, event.clientX, event.clientY); else hide();
  });
  svg.addEventListener("click", (event) => {
    const shape = near(event);
    if (shape) show(shape, event.clientX, event.clientY); else hide();
  });
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("focusout", hide);
  svg.addEventListener("focusin", (event) => {
    if (!event.target.matches("[data-x]") || !event.target.matches(":focus-visible")) return;
    const [x, y] = where(event.target), at = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
    show(event.target, at.x, at.y);
  });
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  svg.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    const way = ways[event.key], from = event.target;
    if (!way || !from.matches("[data-x]")) return;
    event.preventDefault();
    const [x, y] = where(from);
    let best = null, least = Infinity;
    for (const land of lands) {
      const [a, b] = where(land), on = (a - x) * way[0] + (b - y) * way[1];
      const off = Math.abs((a - x) * way[1]) + Math.abs((b - y) * way[0]);
      if (land === from || on <= 0 || on < off * 0.7) continue;
      if (on + 2 * off < least) { least = on + 2 * off; best = land; }
    }
    if (!best) return;
    from.setAttribute("tabindex", "-1");
    best.setAttribute("tabindex", "0");
    best.focus();
  });

  // Print: what is folded is unfolded.
  window.addEventListener("beforeprint", () => all("details").forEach((one) => { one.open = true; }));
})();
