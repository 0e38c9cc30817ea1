// Neighbours, Changes, Texts: sortable tables whose rows select, reachable with the keyboard.

class Table {
  // columns: [{name, title, value: row -> number|string (sorts), cell: row -> Node|string, numeric}]
  constructor(columns, onpick) {
    Object.assign(this, { columns, onpick, rows: [], sort: null, down: true, most: 200 });
    this.body = h("tbody");
    this.headers = columns.map((column, at) => h("th", { scope: "col", class: column.numeric ? "ewb-num" : "", "aria-sort": "none" },
      h("button", { class: "ewb-sort", title: column.title, onclick: () => this.sortBy(at) }, column.name)));
    this.more = h("button", { class: "ewb-button", hidden: true, onclick: () => { this.most += 1000; this.show(); } });
    this.el = h("div", { class: "ewb-scroll" },
      h("table", { class: "ewb-table" }, h("thead", {}, h("tr", {}, this.headers)), this.body), this.more);
    this.body.addEventListener("keydown", (event) => this.key(event));
  }

  set(rows) {
    this.rows = rows;
    this.show();
  }

  sortBy(at) {
    this.down = this.sort === at ? !this.down : !!this.columns[at].numeric;
    this.sort = at;
    this.headers.forEach((th, i) => th.setAttribute("aria-sort", i !== at ? "none" : this.down ? "descending" : "ascending"));
    this.show();
  }

  show() {
    const rows = [...this.rows];
    if (this.sort !== null) {
      const value = this.columns[this.sort].value;
      const sign = this.down ? -1 : 1;
      rows.sort((a, b) => sign * (value(a) > value(b) ? 1 : value(a) < value(b) ? -1 : 0));
    }
    fill(this.body, rows.slice(0, this.most).map((row, at) => h("tr", {
      tabindex: at === 0 ? "0" : "-1", class: row.marked ? "ewb-marked" : "", "data-index": String(row.index),
      onmousedown: (event) => { if (event.shiftKey) event.preventDefault(); }, // else the browser marks text
      onclick: (event) => {
        if (!event.target.closest("select,button")) this.onpick(row.index, event.shiftKey || event.ctrlKey || event.metaKey);
      },
    }, this.columns.map((column) => h("td", { class: column.cls ?? (column.numeric ? "ewb-num" : "ewb-fit") }, column.cell(row))))));
    this.more.hidden = rows.length <= this.most;
    this.more.textContent = `${rows.length - this.most} more…`;
  }

  key(event) {
    const row = event.target.closest("tr");
    if (event.target !== row) return;
    const next = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
    if (next) { event.preventDefault(); next.focus(); }
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    this.onpick(Number(row.dataset.index), event.key === " " ? event.shiftKey : event.ctrlKey || event.metaKey);
  }
}

function chip(kind, names) {
  return h("span", { class: `ewb-chip ewb-kind-${kind}` }, names[kind] ?? kind);
}

function textCell(text) {
  return h("span", { class: "ewb-text", title: text }, oneLine(text));
}

class Tables {
  constructor(model, select, id) {
    Object.assign(this, { model, select, id, kindNames: model.get("options").kinds });
    this.which = "neighbours";
    this.neighbours = new Table([
      { name: "cosine", numeric: true, value: (r) => r.score, cell: (r) => this.score(r), cls: "ewb-num ewb-score",
        title: "cosine similarity with the selected text" },
      { name: "percentile", numeric: true, value: (r) => r.percentile ?? -1, cell: (r) => this.percentile(r),
        title: "share of unrelated pairs of the same kinds, under this model and instruction, that are less similar" },
      { name: "kind", value: (r) => r.kind, cell: (r) => chip(r.kind, this.kindNames) },
      { name: "text", value: (r) => r.text, cell: (r) => textCell(r.text), cls: "ewb-textcell" },
    ], (i) => select([i]));
    this.changes = new Table([
      { name: "kept", numeric: true, value: (r) => r.kept, cell: (r) => `${Math.round(r.kept * 100)} %`,
        title: "share of its nearest neighbours that the text kept" },
      { name: "text", value: (r) => r.text, cell: (r) => textCell(r.text), cls: "ewb-textcell ewb-third" },
      { name: "gained", value: (r) => r.gained.length, cell: (r) => this.names(r.gained, "+"), cls: "ewb-textcell ewb-third" },
      { name: "lost", value: (r) => r.lost.length, cell: (r) => this.names(r.lost, "−"), cls: "ewb-textcell ewb-third" },
    ], (i) => select([i]));
    this.texts = new Table([
      { name: "line", numeric: true, value: (r) => r.line, cell: (r) => String(r.line) },
      { name: "kind", value: (r) => r.kind, cell: (r) => this.kindPicker(r), title: "guessed; correct it here" },
      { name: "tokens", numeric: true, value: (r) => r.tokens, cell: (r) => (r.tokens < 0 ? "–" : `${r.tokens}${r.truncated ? " ✂" : ""}`),
        title: "tokens the model saw, instruction and special tokens included; ✂: cut" },
      { name: "map keeps", numeric: true, value: (r) => r.preserved ?? -1, cell: (r) => (r.preserved === null ? "–" : `${Math.round(r.preserved * 100)} %`),
        title: "share of the text's true nearest neighbours that are also nearest on the map" },
      { name: "text", value: (r) => r.text, cell: (r) => textCell(r.text), cls: "ewb-textcell" },
    ], (i, more) => this.pick(i, more));
    this.tabs = ["neighbours", "changes", "texts"].map((name) => h("button", {
      class: `ewb-tab ewb-tab-${name}`, role: "tab", id: `${id}-tab-${name}`, "aria-controls": `${id}-tabpanel`,
      onclick: () => this.open(name), onkeydown: (event) => this.walk(event) }, name[0].toUpperCase() + name.slice(1)));
    this.note = h("small", { class: "ewb-sub" });
    this.ask = h("button", { class: "ewb-button ewb-measure", hidden: true, onclick: () => model.send({ do: "measure" }) }, "Measure percentiles");
    this.panel = h("div", { class: "ewb-tabpanel", role: "tabpanel", id: `${id}-tabpanel` });
    this.diff = h("div", { class: "ewb-diff" });
    this.about = h("div", { class: "ewb-hint" });
    this.split = h("div", { class: "ewb-split" }, this.diff, h("div", {}, this.about, this.changes.el));
    this.el = h("section", { class: "ewb-card ewb-wide" },
      h("div", { class: "ewb-head" }, h("div", { class: "ewb-tabs", role: "tablist" }, this.tabs), this.note), this.panel);
    this.open("neighbours");
    model.watch("table selection map percentiles", () => this.show());
    model.watch("changes", () => { if (model.get("changes").fresh) this.open("changes"); else this.show(); });
  }

  score(row) {
    const width = Math.max(2, 64 * Math.max(0, row.score));
    return h("span", {}, h("span", { class: "ewb-bar", style: `width:${width}px` }), row.score.toFixed(3));
  }

  percentile(row) {
    const why = row.pairs ? `only ${row.pairs} unrelated pairs of these kinds: cannot tell` : this.model.get("percentiles").why || "measured once the map is drawn, for this model and instruction";
    if (row.percentile === null) return h("span", { class: "ewb-faint", title: why }, "–");
    const share = row.percentile === 100 ? "all" : row.percentile.toFixed(row.percentile > 99 ? 1 : 0);
    return h("span", { title: `more similar than ${share === "all" ? share : `${share} %`} of ${row.pairs} unrelated pairs of these kinds` }, share === "all" ? "100 %" : `${share} %`);
  }

  names(indices, sign) {
    const { texts } = this.model.get("table");
    return h("span", { class: "ewb-names" }, indices.length > 1 ? `${indices.length}: ` : null, indices.slice(0, 4).map((i) => h("button", {
      class: "ewb-link", title: texts[i], onclick: () => this.select([i]) }, `${sign} ${oneLine(texts[i] ?? "", 13)}`)),
      indices.length > 4 ? ` … ${indices.length - 4} more` : null);
  }

  kindPicker(row) {
    const select = h("select", { class: `ewb-kindpick ewb-kind-${row.kind}`, "aria-label": "kind",
      onchange: () => this.model.send({ do: "kind", index: row.index, kind: select.value }) },
      Object.entries(this.kindNames).map(([kind, name]) => h("option", { value: kind }, name)));
    select.value = row.kind;
    return select;
  }

  open(name) {
    this.which = name;
    this.panel.setAttribute("aria-labelledby", `${this.id}-tab-${name}`);
    this.tabs.forEach((tab) => {
      const on = tab.classList.contains(`ewb-tab-${name}`);
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    });
    this.show();
  }

  walk(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const tabs = this.tabs.filter((tab) => !tab.hidden);
    const next = tabs[(tabs.indexOf(event.currentTarget) + step + tabs.length) % tabs.length];
    next.click();
    next.focus();
  }

  // One text, or with "more" one text in or out of the selection.
  pick(i, more) {
    const selection = this.model.get("selection");
    if (!more) this.select([i]);
    else this.select(selection.includes(i) ? selection.filter((j) => j !== i) : [...selection, i]);
  }

  // Drawing anew must not take the focus from a row that the keyboard is on.
  show() {
    const held = this.panel.contains(document.activeElement) ? document.activeElement : null;
    const index = held?.closest("tbody tr")?.dataset.index;
    this.ask.hidden = true; // drawing the neighbours shows it where there is something to measure
    this.draw();
    if (index === undefined) return;
    const row = this.panel.querySelector(`tbody tr[data-index="${index}"]`);
    const target = row && held.tagName !== "TR" ? row.querySelector(held.tagName.toLowerCase()) : row;
    (target ?? this.panel.querySelector("tbody tr"))?.focus({ preventScroll: Boolean(target) });
  }

  // An element that stays in the page keeps its place of scrolling.
  put(el) {
    if (this.panel.firstChild !== el) fill(this.panel, el);
  }

  draw() {
    const table = this.model.get("table");
    const selection = this.model.get("selection");
    const changes = this.model.get("changes");
    this.tabs[1].hidden = !changes.rows_changed;
    if (this.which === "changes" && !changes.rows_changed) return this.open("neighbours");
    if (this.which === "texts" || (this.which === "neighbours" && selection.length > 1)) this.showTexts(table, selection);
    else if (this.which === "neighbours") this.showNeighbours(table, selection);
    else this.showChanges(changes, table);
    return undefined;
  }

  showTexts(table, selection) {
    const only = this.which === "neighbours" ? selection : table.texts.map((_, i) => i);
    const marked = new Set(selection);
    this.note.textContent = only === selection ? `${selection.length} texts selected; pick one for its neighbours`
      : `${table.texts.length} texts`;
    const preserved = this.model.get("map").preservation ? decode(this.model.get("map").preservation) : null;
    this.texts.set(only.filter((i) => i < table.texts.length).map((i) => ({
      index: i, line: table.lines[i], kind: table.kinds[i], tokens: table.tokens[i], truncated: table.truncated[i],
      text: table.texts[i], preserved: preserved ? preserved[i] : null, marked: this.which === "texts" && marked.has(i),
    })));
    this.put(this.texts.el);
  }

  showNeighbours(table, selection) {
    const i = selection[0] ?? 0;
    if (!table.texts.length) { this.note.textContent = ""; fill(this.panel); return; }
    const [indices, scores] = [decode(table.neighbours), decode(table.scores)];
    const measured = this.model.get("percentiles");
    const fresh = measured.serial === table.serial;
    const percent = fresh && measured.percent ? decode(measured.percent) : null;
    const pairs = fresh && measured.pairs ? decode(measured.pairs) : null;
    this.ask.hidden = !(fresh && measured.why);
    this.ask.title = measured.why ?? "";
    this.note.textContent = `of “${oneLine(table.texts[i] ?? "", 80)}”`;
    this.neighbours.set(Array.from(indices[i] ?? []).map((j, at) => ({
      index: j, text: table.texts[j], kind: table.kinds[j], score: scores[i][at],
      percentile: percent && !Number.isNaN(percent[i][at]) ? percent[i][at] : null, pairs: pairs ? pairs[i][at] : 0,
    })));
    this.put(this.neighbours.el);
  }

  showChanges(changes, table) {
    if (changes.serial !== table.serial) return; // of other texts: its own part is on the way
    this.note.textContent = changes.note;
    const kept = decode(changes.kept);
    const marked = new Set(this.model.get("selection"));
    this.changes.set(changes.rows_changed.map((row) => ({ ...row, kept: kept[row.index], text: table.texts[row.index], marked: marked.has(row.index) })));
    this.about.textContent = changes.about;
    this.put(this.split);
  }
}
