// Code to copy: text and nothing else, each piece with a button that copies it.

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { // no permission, or a page that is not served securely
    const held = document.activeElement;
    const box = h("textarea", { class: "ewb-aside", value: text, readOnly: true, "aria-hidden": "true" });
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    held?.focus();
    return done;
  }
}

// A button that copies what `text` gives when it is pressed.
function copyButton(text, label) {
  const words = h("span", { "aria-live": "polite" }, "Copy");
  const button = h("button", { class: "ewb-button ewb-copy", "aria-label": label, title: label, onclick: async () => {
    words.textContent = await copyText(text()) ? "Copied" : "Select it, then Ctrl+C";
    clearTimeout(button.back);
    button.back = setTimeout(() => { words.textContent = "Copy"; }, 1600);
  } }, words);
  return button;
}

// A heading, a copy button and the code.
function copyable(name, code) {
  return h("div", { class: "ewb-code" },
    h("div", { class: "ewb-codehead" }, h("span", { class: "ewb-label" }, name), copyButton(() => code, `Copy ${name}`)),
    h("pre", { class: "ewb-snippet", tabIndex: 0, role: "group", "aria-label": name }, code));
}

// What was just done, as lines to copy; folded away, and hidden where there are none.
class CodeView {
  constructor(model) {
    const names = { curl: "curl", python: "Python" };
    this.list = h("div", { class: "ewb-codes" });
    this.el = h("details", { class: "ewb-codebox", hidden: true }, h("summary", {}, "Code that does this"), this.list);
    model.watch("code", () => {
      const code = model.get("code");
      this.el.hidden = !code.length;
      fill(this.list, code.map((one) => copyable(names[one.language] ?? one.language, one.code)));
    });
  }
}
