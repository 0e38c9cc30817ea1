// What a search found, and the thumbs. Passages reach the page as text nodes, never as HTML.

const THUMBS = [[true, "up", "right", "Thumb up: it answers the query (key +)"], [false, "down", "wrong", "Thumb down: it does not (key −)"]];

class FoundView {
  constructor(model) {
    this.model = model;
    this.el = h("div", { class: "ewb-found" });
    model.watch("result", () => this.show());
    model.watch("labels", () => this.mark());
  }

  show() {
    const held = this.el.contains(document.activeElement) ? document.activeElement.closest(".ewb-hit")?.dataset : null;
    const { columns, query, n, embedder, document: prefix, overlap, notes } = this.model.get("result");
    if (!columns) return fill(this.el);
    const two = columns.length > 1;
    fill(this.el, h("section", { class: "ewb-card", "aria-label": "Found" },
      h("div", { class: "ewb-head" }, h("h3", {}, "Found"), h("span", { class: "ewb-sub" }, `${columns[0].hits.length} of ${n.toLocaleString("en")} passages · ${embedder}`)),
      overlap ? h("div", { class: "ewb-overlap" }, overlap) : null,
      h("div", { class: "ewb-hint" }, "Marked: the sentences nearest to the query when embedded alone. That is the model's similarity, not a reason why it found the passage."),
      notes.length ? h("ul", { class: "ewb-notes" }, notes.map((note) => h("li", {}, note))) : null,
      h("div", { class: "ewb-hint" }, "Arrow keys move from passage to passage; + and − give a thumb, Backspace takes the last one back."),
      h("div", { class: `ewb-columns${two ? " ewb-two" : ""}` }, columns.map((column, at) => this.column(column, at, two, query, prefix)))));
    this.mark();
    if (held) this.el.querySelector(`.ewb-hit[data-column="${held.column}"][data-row="${held.row}"]`)?.focus();
  }

  column({ prefix, note, cut, hits }, at, two, query, documentPrefix) {
    const visible = (s) => s.replace(/\n/g, "⏎\n").replace(/\t/g, "⇥");
    const title = !two ? (prefix ? "Query" : "Without instruction") : at ? "With instruction" : "Without instruction";
    return h("section", { class: "ewb-column-of", "aria-label": title }, h("span", { class: "ewb-label" }, title),
      h("div", { class: "ewb-preview", title: "The exact string that was embedded", "aria-label": "Query as it was embedded" }, h("span", { class: "ewb-prefix" }, visible(prefix)), visible(query)),
      h("div", { class: "ewb-hint" }, documentPrefix ? ["Before every passage: ", h("span", { class: "ewb-prefix" }, visible(documentPrefix))] : "Before passages: nothing."),
      note ? h("div", { class: "ewb-hint" }, note) : null, cut ? h("div", { class: "ewb-bad" }, "The query was cut: too long for the model.") : null,
      h("div", { class: "ewb-hits", role: "list" }, hits.map((hit) => this.hit(hit, at, two && at))));
  }

  hit(hit, column, moves) {
    const steps = hit.before === null ? 0 : hit.before - hit.rank;
    const moved = !moves ? null : hit.new ? `new, was ${hit.before}` : steps ? `${steps > 0 ? "↑" : "↓"} ${Math.abs(steps)}` : "=";
    const thumbs = h("span", { class: "ewb-thumbs" }, THUMBS.map(([right, name, word, title]) =>
      h("button", { class: `ewb-button ewb-thumb ewb-thumb-${name}`, title, "aria-label": title, "aria-pressed": "false", onclick: () => this.judge(hit.row, right, column) }, word)));
    return h("div", { class: "ewb-hit", role: "listitem", tabIndex: 0, "data-row": String(hit.row), "data-column": String(column), "data-id": hit.id, onkeydown: (event) => this.key(event, hit.row, column) },
      h("div", { class: "ewb-hithead" }, h("span", { class: "ewb-hitnum" }, `${hit.rank}.`),
        h("b", { class: "ewb-hitcosine", title: "cosine" }, hit.cosine.toFixed(3)), moved ? h("span", { class: "ewb-moved", title: "against the ranking without instruction" }, moved) : null,
        thumbs,
        h("span", { class: "ewb-faint ewb-standing" }, [`above ${hit.percentile} % of the passages`, hit.unrelated, `id ${oneLine(hit.id, 40)}`].filter(Boolean).join(" · "))),
      h("div", { class: "ewb-hittext" }, hit.pieces.map(([text, cosine, place]) => place < 0 ? text
        : h("mark", { class: "ewb-near", "data-place": String(place), title: `cosine ${cosine.toFixed(3)} alone` }, text)),
      hit.more ? h("span", { class: "ewb-faint" }, `… ${hit.more.toLocaleString("en")} more characters`) : null,
      hit.unscored ? h("span", { class: "ewb-faint" }, ` (the last ${hit.unscored} sentences were not scored)`) : null));
  }

  judge(row, right, column) {
    this.model.send({ do: "judge", row, right, column });
  }

  key(event, row, column) {
    const hit = event.currentTarget;
    const all = [...hit.parentElement.children];
    const to = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (to) all[all.indexOf(hit) + to]?.focus();
    else if (event.key === "+" || event.key === "=") this.judge(row, true, column);
    else if (event.key === "-") this.judge(row, false, column);
    else if (event.key === "Backspace") this.model.send({ do: "undo" });
    else return;
    event.preventDefault();
  }

  mark() {
    const current = new Map(this.model.get("labels").current);
    for (const hit of this.el.querySelectorAll(".ewb-hit")) {
      const right = current.get(hit.dataset.id);
      hit.dataset.judged = right === undefined ? "" : String(right);
      for (const [value, name] of THUMBS) hit.querySelector(`.ewb-thumb-${name}`).setAttribute("aria-pressed", String(right === value));
    }
  }
}

class LabelsView {
  constructor(model) {
    this.model = model;
    this.id = `ewb${Math.random().toString(36).slice(2)}`;
    this.undo = h("button", { class: "ewb-button ewb-copy ewb-undo", onclick: () => model.send({ do: "undo" }) }, "Undo");
    this.go = h("button", { class: "ewb-button ewb-copy ewb-exportlabels", title: "A zip with corpus.jsonl, queries.jsonl, qrels/test.tsv and labels.jsonl", onclick: () => model.send({ do: "export", id: this.id }) }, "Export as BEIR folder");
    this.count = h("span", { class: "ewb-sub" });
    this.rows = h("div", {});
    const code = "import workbench as wb\n\ntask = panel.to_task(\"my-search\")\nwb.evaluate([\"bundled\"], [task])";
    this.code = h("details", { class: "ewb-codebox" }, h("summary", {}, "Use as evaluation task"), h("div", { class: "ewb-codes" }, copyable("Python", code)));
    this.el = h("section", { class: "ewb-card", "aria-label": "Labels" },
      h("div", { class: "ewb-head" }, h("h3", {}, "Labels"), this.count, h("span", { class: "ewb-tools" }, this.undo, this.go)), this.rows, this.code);
    model.watch("labels", () => this.show());
    model.on("msg:custom", (message, buffers) => {
      if (message.type === "file" && message.id === this.id) download(message.name, message.mime, buffers[0]);
    });
  }

  show() {
    const { rows, undoable } = this.model.get("labels");
    const up = rows.filter(({ right }) => right).length;
    this.count.textContent = rows.length ? `${up} right, ${rows.length - up} wrong` : "";
    this.undo.disabled = !undoable;
    this.go.disabled = !rows.length;
    this.code.hidden = !up;
    fill(this.rows, !rows.length ? h("div", { class: "ewb-hint" }, "Give a thumb up to passages that answer the query and a thumb down to those that do not.")
      : h("div", { class: "ewb-scroll", tabIndex: 0, role: "region", "aria-label": "Labels given" }, h("table", { class: "ewb-table ewb-labelled" },
        h("thead", {}, h("tr", {}, ["", "query", "passage", "rank", ""].map((word) => h("th", { scope: "col" }, word)))),
        h("tbody", {}, rows.map((row, at) => h("tr", {}, h("td", { class: "ewb-verdictcell" }, row.right ? "✓ right" : "✗ wrong"),
          h("td", { class: "ewb-textcell ewb-third" }, oneLine(row.query)), h("td", { class: "ewb-textcell" }, oneLine(row.passage)),
          h("td", { class: "ewb-num", title: row.embedder }, row.rank),
          h("td", { class: "ewb-fit" }, h("button", { class: "ewb-button ewb-remove", "aria-label": `Remove label ${at + 1}`, onclick: () => this.model.send({ do: "remove", at }) }, "×"))))))));
  }
}
