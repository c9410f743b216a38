/* Shared by every page: words, theme, help, small tools. Plain script for old browsers; one global. */
var MB = {};
(function () {
  "use strict";
  var root = document.documentElement;
  var languages = ["en", "fr", "ru"];
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

  /* Words */
  var words = MB.json("words");
  MB.say = function (key, values) {
    var entry = words[key];
    var said = entry ? entry[root.lang] : key;
    return said.replace(/\{(\d)\}/g, function (_, at) {
      var value = values ? values[+at] : "";
      return Array.isArray(value) ? MB.say(value[0], value[1]) : String(value);
    });
  };
  MB.knows = function (key) { return !!words[key]; };
  MB.tell = function (node, key, values) {
    node.setAttribute("data-t", key);
    if (values) { node.setAttribute("data-v", JSON.stringify(values)); }
    node.textContent = MB.say(key, values);
    return node;
  };
  function values(node) { var v = node.getAttribute("data-v"); return v ? JSON.parse(v) : []; }
  MB.translate = function () {
    MB.all("[data-t]").forEach(function (n) { n.textContent = MB.say(n.getAttribute("data-t"), values(n)); });
    [["data-tl", "aria-label"], ["data-tp", "placeholder"], ["data-tt", "title"]].forEach(function (pair) {
      MB.all("[" + pair[0] + "]").forEach(function (n) {
        n.setAttribute(pair[1], MB.say(n.getAttribute(pair[0]), values(n)));
      });
    });
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
