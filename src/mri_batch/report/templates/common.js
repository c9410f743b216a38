/* Shared by every page: words, theme, help, small tools. Plain script for old browsers; one global. */
var MB = {};
(function () {
  "use strict";
  var root = document.documentElement;
  root.className += " js";

  MB.byId = function (id) { return document.getElementById(id); };
  MB.all = function (selector, within) {
    return Array.prototype.slice.call((within || document).querySelectorAll(selector));
  };
  MB.json = function (id) { var node = MB.byId(id); return node ? JSON.parse(node.textContent) : null; };
  MB.on = function (node, kinds, act, options) {
    if (!node) { return; }
    kinds.split(" ").forEach(function (kind) { node.addEventListener(kind, act, options || false); });
  };
  MB.make = function (tag, attributes, words) {
    var node = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { node.setAttribute(name, attributes[name]); });
    if (words !== undefined) { node.textContent = words; }
    return node;
  };
  MB.clear = function (node) { while (node.firstChild) { node.removeChild(node.firstChild); } };

  /* Private windows and locked-down machines may refuse storage; the page then simply forgets. */
  MB.recall = function (key) { try { return window.localStorage.getItem(key); } catch (e) { return null; } };
  MB.keep = function (key, value) {
    try {
      if (value === null) { window.localStorage.removeItem(key); } else { window.localStorage.setItem(key, value); }
      return true;
    } catch (e) { return false; }
  };

  MB.save = function (name, text, kind) {
    var link = MB.make("a", {
      href: URL.createObjectURL(new Blob([text], { type: kind || "application/json" })), download: name
    });
    document.body.appendChild(link);
    link.click();
    document.body.removeChild(link);
    window.setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
  };

  /* Words: texts that the page holds ready, by their place, and messages that scripts fill in. */
  var words = MB.json("words"), languages = Object.keys(words.texts);
  MB.text = function (place) { return words.texts[root.lang][place]; };

  MB.number = function (value, options) {
    if (typeof value !== "number") { return String(value); }
    return window.Intl && Intl.NumberFormat ? new Intl.NumberFormat(root.lang, options || {}).format(value) : String(value);
  };
  /* Three significant digits, whole numbers as they are. */
  MB.plain = function (number) {
    if (Math.abs(number) >= 100) { return MB.number(Math.round(number), { useGrouping: false }); }
    return MB.number(number, { maximumSignificantDigits: 3, useGrouping: false });
  };
  MB.percent = function (p) {
    var whole = Math.round(100 * p), style = { style: "percent" };
    if (whole >= 100 && p < 1) { return "> " + MB.number(0.99, style); }
    return whole <= 0 && p > 0 ? "< " + MB.number(0.01, style) : MB.number(whole / 100, style);
  };

  /* A message is a list of parts: text, an argument, or a choice by plural form. */
  function pluralOf(value) {
    return typeof value === "number" && window.Intl && Intl.PluralRules ?
      new Intl.PluralRules(root.lang).select(value) : "other";
  }
  function fillIn(parts, values) {
    return parts.map(function (part) {
      var value;
      if (typeof part === "string") { return part; }
      if (part.arg) {
        value = values[part.arg];
        return value !== null && typeof value === "object" ? MB.text(value.text) : MB.number(value, part.options);
      }
      value = values[part.select.arg];
      return fillIn(part.cases[value] || part.cases[pluralOf(value)] || part.cases[part["default"]], values);
    }).join("");
  }
  MB.say = function (key, values) { return fillIn(words.messages[root.lang][key], values || {}); };
  MB.tell = function (node, key, values) {
    node.setAttribute("data-k", key);
    if (values) { node.setAttribute("data-v", JSON.stringify(values)); }
    node.textContent = MB.say(key, values);
    return node;
  };
  MB.place = function (node, place) {
    node.setAttribute("data-t", place);
    node.textContent = MB.text(place);
    return node;
  };
  MB.translate = function () {
    MB.all("[data-t]").forEach(function (n) { n.textContent = MB.text(n.getAttribute("data-t")); });
    MB.all("[data-k]").forEach(function (n) {
      n.textContent = MB.say(n.getAttribute("data-k"), JSON.parse(n.getAttribute("data-v") || "{}"));
    });
    [["data-tl", "aria-label"], ["data-tp", "placeholder"], ["data-tt", "title"], ["data-ta", "alt"]].forEach(
      function (pair) {
        MB.all("[" + pair[0] + "]").forEach(function (n) { n.setAttribute(pair[1], MB.text(n.getAttribute(pair[0]))); });
      }
    );
    MB.all("[data-lang]").forEach(function (b) {
      b.setAttribute("aria-pressed", String(b.getAttribute("data-lang") === root.lang));
    });
  };
  MB.listeners = [];
  function speak(language) {
    root.lang = language;
    MB.translate();
    MB.listeners.forEach(function (act) { act(); });
  }
  MB.all("[data-lang]").forEach(function (button) {
    MB.on(button, "click", function () {
      MB.keep("mri-batch:lang", button.getAttribute("data-lang"));
      speak(button.getAttribute("data-lang"));
    });
  });

  /* Theme: the system's, until a person chooses. */
  function isDark() {
    var chosen = root.getAttribute("data-theme");
    return chosen ? chosen === "dark" : !!(window.matchMedia && matchMedia("(prefers-color-scheme: dark)").matches);
  }
  MB.flipTheme = function () {
    root.setAttribute("data-theme", isDark() ? "light" : "dark");
    MB.keep("mri-batch:theme", root.getAttribute("data-theme"));
  };
  MB.on(MB.byId("theme"), "click", MB.flipTheme);

  /* Help */
  var help = MB.byId("help"), before = null;
  MB.toggleHelp = function () {
    if (help.hidden) {
      before = document.activeElement;
      help.hidden = false;
      MB.byId("help-close").focus();
    } else {
      help.hidden = true;
      if (before) { before.focus(); }
    }
  };
  MB.on(MB.byId("help-open"), "click", MB.toggleHelp);
  MB.on(MB.byId("help-close"), "click", MB.toggleHelp);
  MB.on(help, "keydown", function (event) {
    if (event.key !== "Tab") { return; }
    var stops = MB.all("button, input", help), last = stops[stops.length - 1];
    if (event.shiftKey && document.activeElement === stops[0]) { last.focus(); event.preventDefault(); }
    if (!event.shiftKey && document.activeElement === last) { stops[0].focus(); event.preventDefault(); }
  });

  /* Single keys can be turned off: they get in the way of speech input. */
  var single = MB.byId("single-keys");
  single.checked = MB.recall("mri-batch:keys") !== "off";
  MB.on(single, "change", function () { MB.keep("mri-batch:keys", single.checked ? null : "off"); });
  MB.keys = function (table) {
    MB.on(document, "keydown", function (event) {
      var tag = event.target.tagName, kind = event.target.type;
      if (event.ctrlKey || event.altKey || event.metaKey) { return; }
      if (event.key === "Escape" && !help.hidden) { MB.toggleHelp(); return; }
      if (tag === "TEXTAREA" || tag === "SELECT" || (tag === "INPUT" && kind !== "checkbox" && kind !== "range")) { return; }
      if (kind === "range" && (event.key.indexOf("Arrow") === 0 || event.key === "Home" || event.key === "End")) { return; }
      if (!single.checked) { return; }
      if (event.key === "?") { MB.toggleHelp(); event.preventDefault(); return; }
      if (!help.hidden) { return; }
      if (event.key === "t") { MB.flipTheme(); return; }
      if (table[event.key] && table[event.key](event) !== false) { event.preventDefault(); }
    });
  };

  MB.start = function () {
    var theme = MB.recall("mri-batch:theme"), language = MB.recall("mri-batch:lang");
    if (theme === "light" || theme === "dark") { root.setAttribute("data-theme", theme); }
    speak(languages.indexOf(language) >= 0 ? language : root.lang);
  };
})();
