"use strict";
(() => {
  const all = (css, from = document) => [...from.querySelectorAll(css)];
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  // Tables: sort by a heading.
  function value(row, at, kind) {
    const cell = row.cells[at];
    return kind === "number" ? parseFloat(cell.dataset.v) : plain(cell.textContent.replace(/^[^\p{L}\p{N}]+/u, ""));
  }
  function turn(table, head) {
    const number = head.dataset.sort === "number";
    const down = head.getAttribute("aria-sort") === (number ? "descending" : "ascending");
    all("th[aria-sort]", table).forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", number === down ? "ascending" : "descending");
    order(table);
  }
  function order(table) {
    const head = table.querySelector("th[aria-sort=ascending], th[aria-sort=descending]");
    const way = head.getAttribute("aria-sort") === "ascending" ? 1 : -1;
    const at = head.cellIndex, kind = head.dataset.sort, body = table.tBodies[0];
    const keyed = [...body.rows].map((row) => [value(row, at, kind), row]);
    keyed.sort(([a], [b]) => {
      if (kind === "number") return Number.isNaN(a) - Number.isNaN(b) || way * (a - b) || 0;
      return way * a.localeCompare(b);
    });
    body.append(...keyed.map(([, row]) => row));
  }
  all("table.sortable").forEach((table) => all("th[data-sort]", table).forEach((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", head.cellIndex === 0 ? "ascending" : "none");
    button.addEventListener("click", () => turn(table, head));
  }));

  // Tables: show the rows that hold a text and have what is chosen.
  all(".filter[data-table]").forEach((bar) => {
    const body = document.getElementById(bar.dataset.table).tBodies[0], words = new WeakMap();
    const field = bar.querySelector("input"), told = bar.querySelector("output");
    const choices = all("select[data-key]", bar);
    function show() {
      const rows = [...body.rows];
      rows.filter((row) => !words.has(row)).forEach((row) => words.set(row, plain(row.textContent)));
      const sought = plain(field.value.trim());
      let n = 0;
      rows.forEach((row) => {
        const fits = choices.every((one) => !one.value || row.dataset[one.dataset.key] === one.value);
        row.hidden = !(fits && words.get(row).includes(sought));
        n += !row.hidden;
      });
      const text = n ? told.dataset.told.replace("{n}", n).replace("{total}", rows.length) : told.dataset.none;
      told.textContent = n < rows.length ? text : "";
    }
    bar.hidden = false;
    bar.show = show;
    bar.clear = () => { field.value = ""; choices.forEach((one) => { one.value = ""; }); show(); };
    [field, ...choices].forEach((one) => one.addEventListener("input", show));
  });

  // Maps: one stop of the Tab key; arrow keys go to the nearest country that way; a tip for pointer, finger and focus.
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const where = (land) => [+land.dataset.x, +land.dataset.y];
  function live(figure) {
    const svg = figure.querySelector("svg.un-map"), tip = figure.querySelector(".tip"), lands = all("[data-x]", svg);
    all("title", svg).forEach((title) => {
      const shape = title.parentNode;
      shape.dataset.told = title.textContent;
      title.remove();
    });
    lands.forEach((land) => {
      land.setAttribute("role", "button");
      land.setAttribute("aria-label", land.dataset.told);
      land.setAttribute("tabindex", "-1");
    });
    if (lands.length) lands[0].setAttribute("tabindex", "0");
    const coarse = Math.max(1, Math.min(2.2, 700 / svg.clientWidth)), turned = "patternTransform";
    all("pattern", svg).forEach((one) => one.setAttribute(turned, `${one.getAttribute(turned)} scale(${coarse})`));
    function show(shape, x, y) {
      const frame = figure.getBoundingClientRect();
      all(".un-on", svg).forEach((other) => other.classList.remove("un-on"));
      shape.classList.add("un-on");
      tip.textContent = shape.dataset.told;
      tip.hidden = false;
      tip.style.left = Math.max(0, Math.min(x - frame.left + 14, frame.width - tip.offsetWidth)) + "px";
      tip.style.top = Math.max(0, y - frame.top - tip.offsetHeight - 12) + "px";
    }
    function hide() {
      tip.hidden = true;
      all(".un-on", svg).forEach((other) => other.classList.remove("un-on"));
    }
    function near(event) {
      const over = event.target.closest("[data-told]");
      const back = svg.getScreenCTM().inverse();
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(back);
      let best = over, least = (event.pointerType === "mouse" ? 6 : 14) * back.a;
      if (best && best.tagName === "circle") return best;
      for (const land of lands) {
        if (land.tagName !== "circle") continue;
        const [x, y] = where(land), far = Math.hypot(x - at.x, y - at.y);
        if (far < least) { least = far; best = land; }
      }
      return best;
    }
    function choose(land) {
      const told = figure.querySelector(".chosen"), row = land && document.getElementById("c-" + land.dataset.code);
      if (!told || !row) return;
      const link = document.createElement("a");
      link.href = "#" + row.id;
      link.textContent = told.dataset.told;
      link.addEventListener("click", () => document.querySelector(".filter[data-table=every]").clear());
      told.replaceChildren(land.dataset.told + ". ", link);
      told.hidden = false;
    }
    const at = (event) => {
      const shape = near(event);
      if (shape) show(shape, event.clientX, event.clientY); else hide();
      return shape;
    };
    svg.addEventListener("pointermove", at);
    svg.addEventListener("click", (event) => choose(at(event)));
    svg.addEventListener("pointerleave", hide);
    svg.addEventListener("focusout", hide);
    svg.addEventListener("focusin", (event) => {
      if (!event.target.matches("[data-x]") || !event.target.matches(":focus-visible")) return;
      const [x, y] = where(event.target), spot = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
      show(event.target, spot.x, spot.y);
    });
    svg.addEventListener("keydown", (event) => {
      if (event.key === "Escape") hide();
      const way = ways[event.key], from = event.target;
      if (!from.matches("[data-x]")) return;
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(from); }
      if (!way) return;
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
  }
  all("figure.map").forEach(live);

  // The first map is coloured by what is chosen.
  const shades = document.querySelector(".shades"), world = document.getElementById("world-map");
  const names = all("input", shades).map((one) => one.value);
  function colour(name) {
    all("[data-x]", world).forEach((land) => {
      land.style.fill = land.style.stroke = "";
      land.style[land.matches(".un-open") ? "stroke" : "fill"] = land.dataset[name];
    });
    all(".un-legend", world).forEach((legend) => { legend.hidden = legend.dataset.shade !== name; });
  }
  shades.hidden = false;
  all("input", shades).forEach((one) => one.addEventListener("change", () => colour(one.value)));

  // The first map and the table of countries show all leaves together, or the one or the sum that is chosen.
  const pickers = all("select.part"), every = document.getElementById("every"), body = every.tBodies[0];
  const scale = every.tHead.querySelector("th .axis");
  const whole = {
    lands: Object.fromEntries(all("[data-x]", world).map((land) => [land.dataset.code, look(land)])),
    legends: all(".un-legend", world), rows: [...body.rows], scale,
  };
  function look(land) {
    return [land.dataset.told, +land.matches(".un-open"), ...names.map((name) => land.dataset[name])];
  }
  function part(i) {
    if (i === "0") return whole;
    const read = document.createElement("template");  // as text till it is asked for: the page opens sooner
    read.innerHTML = document.getElementById("part-" + i).textContent;
    const told = read.content;
    return {
      lands: JSON.parse(told.querySelector("[data-lands]").dataset.lands),
      legends: all(".un-legend", told), rows: all("tbody tr", told), scale: told.querySelector(".axis"),
    };
  }
  function pick(picker) {
    const shown = part(picker.value), at = world.querySelector(".un-legend");
    pickers.forEach((other) => { other.value = picker.value; });
    all("[data-x]", world).forEach((land) => {
      const [title, open, ...colours] = shown.lands[land.dataset.code];
      land.dataset.told = title;
      land.setAttribute("aria-label", title);
      land.classList.toggle("un-open", open && land.tagName === "circle");
      names.forEach((name, at) => { land.dataset[name] = colours[at]; });
    });
    at.before(...shown.legends);
    all(".un-legend", world).filter((one) => !shown.legends.includes(one)).forEach((one) => one.remove());
    colour(names[all("input", shades).findIndex((one) => one.checked)]);
    body.replaceChildren(...shown.rows);
    every.tHead.querySelector("th .axis").replaceWith(shown.scale);
    order(every);
    document.querySelector(".filter[data-table=every]").show();
    world.querySelector(".chosen").hidden = true;
    all(".shown").forEach((line) => {
      line.textContent = line.dataset.told.replace("{part}", () => picker.selectedOptions[0].textContent);
      line.hidden = picker.value === "0";
    });
  }
  all(".filter.parts").forEach((bar) => { bar.hidden = false; });
  pickers.forEach((picker) => picker.addEventListener("change", () => pick(picker)));

  // Print: what is folded is unfolded.
  window.addEventListener("beforeprint", () => all("details").forEach((one) => { one.open = true; }));
})();
