"use strict";
(() => {
  const charts = JSON.parse(document.getElementById("data").textContent).charts;
  const tip = document.getElementById("tip");
  const figures = [...document.querySelectorAll("figure[data-chart]")];

  const duration = s => {
    for (const [of, name] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
      if (s >= 2 * of) return (s / of).toPrecision(3) + " " + name;
    }
    return +s.toFixed(2) + " s";
  };
  const show = (kind, v) => {
    if (kind === "part") return (100 * v).toFixed(1) + " %";
    if (kind === "seconds") return duration(v);
    return (+v.toPrecision(4)).toLocaleString("en");
  };

  // Where a picture's own coordinates are on the screen.
  const at = (svg, event) => {
    const p = new DOMPoint(event.clientX, event.clientY);
    return p.matrixTransform(svg.getScreenCTM().inverse());
  };

  // The first span that ends after a time.
  const spanAt = (ends, t) => {
    let low = 0, high = ends.length - 1;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (ends[mid] > t) high = mid; else low = mid + 1;
    }
    return low;
  };

  const cross = (figure, x) => {
    let line = figure.querySelector(".cross");
    if (!line) {
      line = document.createElementNS("http://www.w3.org/2000/svg", "path");
      line.setAttribute("class", "cross l1");
      line.setAttribute("stroke-dasharray", "3 3");
      figure.querySelector("svg").append(line);
    }
    const [, y, , h] = charts[figure.dataset.chart].plot;
    line.setAttribute("d", x === null ? "" : `M${x} ${y}V${y + h}`);
  };

  const hidden = (figure, i) => figure.querySelector(`.series[data-s="${i}"]`).classList.contains("off");

  const fill = (title, rows) => {
    tip.replaceChildren();
    const head = document.createElement("strong");
    head.textContent = title;
    tip.append(head);
    for (const [paint, name, value] of rows) {
      const row = document.createElement("div"), mark = document.createElement("i"), amount = document.createElement("b");
      mark.className = "b" + paint;
      amount.textContent = value;
      row.append(mark, name, amount);
      tip.append(row);
    }
  };

  const mostRows = 12;
  const point = (figure, event) => {
    const c = charts[figure.dataset.chart], svg = figure.querySelector("svg");
    const p = at(svg, event), [x, y, w, h] = c.plot;
    if (p.x < x || p.x > x + w || p.y < y || p.y > y + h) return leave(figure);
    let index, title;
    if (c.categories) {
      index = Math.min(c.categories.length - 1, Math.floor((p.x - x) / w * c.categories.length));
      title = c.categories[index];
    } else {
      const t = (p.x - x) / w * c.until;
      index = spanAt(c.ends, t);
      title = duration(t);
      for (const other of figure.parentElement.children) {
        const oc = charts[other.dataset.chart];
        if (oc.ends) cross(other, oc.plot[0] + t / oc.until * oc.plot[2]);
      }
    }
    let rows = c.series.map((s, i) => [s, i]).filter(([s, i]) => s.values[index] !== null && !hidden(figure, i));
    if (!c.categories) rows.sort((a, b) => b[0].values[index] - a[0].values[index]);
    const more = rows.length - mostRows;
    rows = rows.slice(0, mostRows).map(([s]) => [s.paint, s.name, show(c.kind, s.values[index])]);
    if (more > 0) rows.push([2, `and ${more} more`, ""]);
    fill(title, rows);
    tip.hidden = false;
    const right = event.clientX + 20 + tip.offsetWidth > innerWidth;
    tip.style.left = (right ? event.clientX - 16 - tip.offsetWidth : event.clientX + 16) + "px";
    tip.style.top = Math.max(4, Math.min(event.clientY + 12, innerHeight - tip.offsetHeight - 8)) + "px";
  };
  const leave = figure => {
    tip.hidden = true;
    for (const other of figure.parentElement.children) if (charts[other.dataset.chart].ends) cross(other, null);
  };

  // A name that is clicked hides or shows its series, in all pictures that have it beside each other.
  const toggle = (figure, i) => {
    const name = charts[figure.dataset.chart].series[i].name;
    const off = !hidden(figure, i);
    for (const other of figure.parentElement.children) {
      charts[other.dataset.chart].series.forEach((s, k) => {
        if (s.name !== name) return;
        for (const part of other.querySelectorAll(`[data-s="${k}"]`)) part.classList.toggle("off", off);
      });
    }
  };
  const dim = (figure, i) => {
    for (const g of figure.querySelectorAll(".series")) g.classList.toggle("dim", i !== null && g.dataset.s !== i);
  };

  const save = figure => {
    const svg = figure.querySelector("svg").cloneNode(true);
    svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    svg.setAttribute("font-family", "Liberation Sans, Arial, Helvetica, sans-serif");
    for (const off of svg.querySelectorAll(".cross, .series.off")) off.remove();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([svg.outerHTML], { type: "image/svg+xml" }));
    link.download = charts[figure.dataset.chart].name + ".svg";
    link.click();
    URL.revokeObjectURL(link.href);
  };

  for (const figure of figures) {
    figure.addEventListener("mousemove", event => point(figure, event));
    figure.addEventListener("mouseleave", () => leave(figure));
    for (const key of figure.querySelectorAll(".key")) {
      key.setAttribute("tabindex", "0");
      key.setAttribute("role", "button");
      key.addEventListener("click", () => toggle(figure, +key.dataset.s));
      key.addEventListener("keydown", event => { if (event.key === "Enter") toggle(figure, +key.dataset.s); });
      key.addEventListener("mouseenter", () => dim(figure, key.dataset.s));
      key.addEventListener("mouseleave", () => dim(figure, null));
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "save";
    button.textContent = "SVG";
    button.title = "Save this picture";
    button.addEventListener("click", () => save(figure));
    figure.append(button);
  }

  for (const tabs of document.querySelectorAll(".tabs")) {
    const grids = [...tabs.parentElement.querySelectorAll(".run")], all = tabs.parentElement.querySelector(".all");
    const pictures = grids.map(g => [...g.children]);
    const buttons = [...tabs.children];
    buttons.forEach((b, i) => b.addEventListener("click", () => {
      buttons.forEach(o => o.setAttribute("aria-selected", o === b));
      grids.forEach((g, k) => { g.append(...pictures[k]); g.hidden = k !== i; });
      all.hidden = !("all" in b.dataset);
      if (all.hidden) return;
      // The same picture of all runs side by side, in a row if there is room.
      if (innerWidth > 1100 && grids.length < 4) all.style.gridTemplateColumns = `repeat(${grids.length}, minmax(0, 1fr))`;
      const most = Math.max(...pictures.map(p => p.length));
      for (let kind = 0; kind < most; kind++) all.append(...pictures.map(p => p[kind]).filter(p => p));
    }));
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => head.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const h of table.tHead.rows[0].cells) h.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = row => {
        const cell = row.cells[column], v = parseFloat(cell.dataset.v ?? cell.textContent);
        return isNaN(v) || head.classList.contains("t") ? cell.textContent : v;
      };
      const order = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
      const rows = [...table.tBodies[0].rows].sort((a, b) => (down ? -1 : 1) * order(value(a), value(b)));
      table.tBodies[0].append(...rows);
    }));
  }

  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
})();
