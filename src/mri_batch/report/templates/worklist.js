/* The work list: filter, facets, order and page live in the address; readers' answers in the browser. */
(function () {
  "use strict";
  var on = MB.on, byId = MB.byId, make = MB.make;
  var table = MB.json("table");
  if (!table) { MB.keys({}); MB.start(); return; }

  var rows = table.rows.map(function (row, at) {
    return {
      at: at, id: row[0], key: row[1], source: row[2], status: row[3], code: row[4], label: row[5], probability: row[6],
      verdict: row[7], reasons: row[8], slices: row[9], thumb: row[10]
    };
  });
  var FACETS = ["status", "verdict", "label"];
  var state = {}, shown = [], current = -1, started = false;

  /* The address: #q=words&status=failed+skipped&sort=source&page=2&at=17 */
  function readAddress() {
    var parts = {};
    location.hash.slice(1).split("&").forEach(function (pair) {
      var cut = pair.indexOf("=");
      if (cut > 0) {
        try { parts[pair.slice(0, cut)] = decodeURIComponent(pair.slice(cut + 1)); } catch (e) { /* a damaged link */ }
      }
    });
    state.q = parts.q || "";
    FACETS.forEach(function (facet) { state[facet] = parts[facet] ? parts[facet].split("+") : []; });
    state.sort = /^(source|label|probability|verdict)$/.test(parts.sort) ? parts.sort : "input";
    state.page = Math.max(1, parseInt(parts.page, 10) || 1);
    state.at = /^\d+$/.test(parts.at || "") ? +parts.at : -1;
  }
  function address(change) {
    var parts = [];
    function put(name, value) { if (value) { parts.push(name + "=" + encodeURIComponent(value)); } }
    function get(name) { return change && name in change ? change[name] : state[name]; }
    put("q", get("q"));
    FACETS.forEach(function (facet) { put(facet, get(facet).join("+")); });
    put("sort", get("sort") === "input" ? "" : get("sort"));
    put("page", get("page") > 1 ? get("page") : "");
    put("at", get("at") >= 0 ? String(get("at")) : "");
    return "#" + parts.join("&");
  }
  function writeAddress() {
    var to = address();
    try { history.replaceState(null, "", to); } catch (e) { location.hash = to; }
  }

  /* Which rows, in which order */
  function labelName(label) { return MB.text(table.labels[label]); }
  function haystack(row) {
    var words = [row.source, row.label, row.label && labelName(row.label), row.code, row.status, row.verdict];
    return words.concat(row.reasons.map(MB.text)).join(" ").toLowerCase();
  }
  function matches(row, words) {
    if (FACETS.some(function (f) { return state[f].length && state[f].indexOf(row[f]) < 0; })) { return false; }
    if (!words.length) { return true; }
    var text = haystack(row);
    return words.every(function (word) { return text.indexOf(word) >= 0; });
  }
  var collator = window.Intl && Intl.Collator ? new Intl.Collator(undefined, { numeric: true }) : null;
  function compareText(a, b) { return collator ? collator.compare(a, b) : a < b ? -1 : a > b ? 1 : 0; }
  function compare(a, b) {
    if (state.sort === "probability") {
      return (b.probability === null ? -1 : b.probability) - (a.probability === null ? -1 : a.probability);
    }
    if (!a[state.sort] !== !b[state.sort]) { return a[state.sort] ? -1 : 1; }
    return compareText(a[state.sort], b[state.sort]);
  }
  function choose() {
    var words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    shown = rows.filter(function (row) { return matches(row, words); });
    if (state.sort !== "input") { shown.sort(function (a, b) { return compare(a, b) || a.at - b.at; }); }
  }
  function onPage() { return shown.slice((state.page - 1) * table.per_page, state.page * table.per_page); }

  /* Rows, as the template index.html makes them */
  function cell(kind, child) {
    var td = make("td", kind ? { "class": kind } : {});
    if (typeof child === "string") { td.textContent = child; } else if (child) { td.appendChild(child); }
    return td;
  }
  function picture(row) {
    if (!row.thumb) { return make("span", { "class": "blank" }); }
    return make("img", {
      src: "studies/" + row.id + "/thumb.jpg", alt: MB.text(table.thumb_alt), "data-ta": table.thumb_alt,
      width: 64, height: 64, loading: "lazy"
    });
  }
  function link(row) {
    var a = make("a", { href: "studies/" + row.id + "/report.html" });
    a.appendChild(make("bdi", {}, row.source));
    return a;
  }
  function output(row) {
    if (!row.label) { return null; }
    var quiet = row.verdict === "abstain", box = make(quiet ? "span" : "strong", quiet ? { "class": "quiet" } : {});
    box.appendChild(MB.place(make("bdi"), table.labels[row.label]));
    return box;
  }
  function why(row) {
    var td = cell("why");
    if (row.code) { td.appendChild(make("code", {}, row.code)); td.appendChild(document.createTextNode(" ")); }
    row.reasons.forEach(function (reason, k) {
      if (k) { td.appendChild(document.createTextNode("; ")); }
      td.appendChild(MB.place(make("span"), reason));
    });
    return td;
  }
  function makeRow(row) {
    var tr = make("tr", { id: "row-" + row.at });
    tr.appendChild(cell("num", String(row.at + 1)));
    tr.appendChild(cell("thumb", picture(row)));
    tr.appendChild(cell("study-cell", link(row)));
    tr.appendChild(cell("", output(row)));
    tr.appendChild(cell("num", row.probability === null ? "" : MB.percent(row.probability)));
    tr.appendChild(cell("", byId("tag-" + (row.verdict || row.status)).cloneNode(true)));
    tr.lastChild.firstChild.removeAttribute("id");
    tr.appendChild(why(row));
    tr.appendChild(cell("num", row.slices ? String(row.slices) : ""));
    tr.appendChild(cell("read-cell"));
    return tr;
  }

  /* Readers' answers; kept in memory too, where the browser stores nothing. */
  var memory = {}, storing = MB.keep("mri-batch:probe", "1");
  MB.keep("mri-batch:probe", null);
  byId("no-storage").hidden = storing;
  function slot(row) { return "mri-batch:feedback:" + row.key; }
  function opinion(row) {
    var kept = storing ? MB.recall(slot(row)) : null;
    if (kept) { try { return JSON.parse(kept); } catch (e) { /* not ours */ } }
    return memory[row.key] || { answer: null, note: "" };
  }
  function keep(row, is) {
    var any = is.answer || is.note;
    if (any) { memory[row.key] = is; } else { delete memory[row.key]; }
    MB.keep(slot(row), any ? JSON.stringify(is) : null);
    countAnswers();
  }
  function answered() { return rows.filter(function (row) { return row.label && (opinion(row).answer || opinion(row).note); }); }
  function countAnswers() { MB.tell(byId("feedback-count"), "feedback_count", { n: answered().length }); }
  function fillReading(td, row) {
    MB.clear(td);
    if (!row.label) { return; }
    var is = opinion(row), note = make("input", { type: "text", "aria-label": MB.say("note") + ": " + row.source });
    note.placeholder = MB.say("note");
    note.value = is.note || "";
    var group = make("div", { role: "group", "aria-label": MB.say("feedback") + ": " + row.source });
    ["agree", "disagree", "unsure"].forEach(function (answer) {
      var label = make("label"), box = make("input", { type: "checkbox", value: answer });
      box.checked = is.answer === answer;
      on(box, "change", function () {
        keep(row, { answer: box.checked ? answer : null, note: note.value });
        MB.all("input[type=checkbox]", group).forEach(function (other) { if (other !== box) { other.checked = false; } });
      });
      label.appendChild(box);
      label.appendChild(MB.tell(make("span"), answer));
      group.appendChild(label);
    });
    on(note, "input", function () { keep(row, { answer: opinion(row).answer, note: note.value }); });
    td.appendChild(group);
    td.appendChild(note);
  }
  on(byId("save-feedback"), "click", function () {
    var saved = answered().map(function (row) {
      return { study_id: row.id, key: row.key, answer: opinion(row).answer || null, note: opinion(row).note || "" };
    });
    var whole = { schema_version: 1, saved: new Date().toISOString(), feedback: saved };
    MB.save("feedback.json", JSON.stringify(whole, null, 1) + "\n");
  });

  /* Putting it on the page */
  function drawRows() {
    var body = byId("rows"), page = onPage();
    var untouched = !started && state.sort === "input" && shown.length === rows.length && state.page === 1;
    if (!untouched) {
      var fresh = document.createDocumentFragment();
      page.forEach(function (row) { fresh.appendChild(makeRow(row)); });
      MB.clear(body);
      body.appendChild(fresh);
    }
    page.forEach(function (row) { fillReading(byId("row-" + row.at).lastElementChild, row); });
    byId("nothing").hidden = shown.length > 0;
    var first = (state.page - 1) * table.per_page;
    MB.tell(byId("showing"), "showing", {
      first: page.length ? first + 1 : 0, last: first + page.length, total: shown.length
    });
  }
  function drawPages() {
    var nav = byId("pages"), n = Math.ceil(shown.length / table.per_page), k, node;
    MB.clear(nav);
    for (k = 1; n > 1 && k <= n; k++) {
      node = k === state.page ? make("span", { "class": "now", "aria-current": "page" }) :
        make("a", { href: address({ page: k, at: -1 }) });
      nav.appendChild(MB.tell(node, "page", { number: k }));
    }
  }
  function drawFacets() {
    FACETS.forEach(function (facet) {
      var counts = {}, box = byId("facet-" + facet);
      rows.forEach(function (row) { if (row[facet]) { counts[row[facet]] = (counts[row[facet]] || 0) + 1; } });
      MB.clear(box);
      Object.keys(counts).sort().forEach(function (value) {
        var button = make("button", { type: "button", "data-value": value });
        var word = make("span");
        if (facet === "label") { MB.place(word, table.labels[value]); } else { MB.tell(word, facet + "_" + value); }
        button.appendChild(word);
        button.appendChild(document.createTextNode(" " + counts[value]));
        on(button, "click", function () {
          var at = state[facet].indexOf(value);
          if (at < 0) { state[facet].push(value); } else { state[facet].splice(at, 1); }
          update();
        });
        box.appendChild(button);
      });
    });
  }
  function drawState() {
    if (byId("filter").value !== state.q) { byId("filter").value = state.q; }
    byId("sort").value = state.sort;
    FACETS.forEach(function (facet) {
      MB.all("button", byId("facet-" + facet)).forEach(function (button) {
        var pressed = state[facet].indexOf(button.getAttribute("data-value")) >= 0;
        button.setAttribute("aria-pressed", String(pressed));
      });
    });
  }
  function redraw() {
    choose();
    state.page = Math.min(state.page, Math.max(1, Math.ceil(shown.length / table.per_page)));
    drawRows();
    drawPages();
    drawState();
    started = true;
    mark(state.at, false);
  }
  function update() {
    state.page = 1;
    state.at = -1;
    redraw();
    writeAddress();
  }

  /* Keys */
  function mark(at, focus) {
    var old = document.querySelector("#rows tr.current"), row = at >= 0 ? byId("row-" + at) : null;
    if (old) { old.className = ""; }
    current = row ? at : -1;
    if (!row) { return; }
    row.className = "current";
    if (focus) { row.querySelector("a").focus(); row.scrollIntoView({ block: "nearest" }); }
  }
  function move(by) {
    var page = onPage(), at = -1;
    page.forEach(function (row, k) { if (row.at === current) { at = k; } });
    at = Math.min(page.length - 1, Math.max(0, at + by));
    if (!page.length) { return; }
    state.at = page[at].at;
    mark(state.at, true);
    writeAddress();
  }
  MB.keys({
    "/": function () { byId("filter").focus(); byId("filter").select(); },
    j: function () { move(1); }, k: function () { move(-1); },
    Enter: function (event) {
      if (event.target !== document.body || current < 0) { return false; }
      location.href = byId("row-" + current).querySelector("a").href;
      return true;
    }
  });
  var waiting = 0;
  on(byId("filter"), "input", function () {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(function () { state.q = byId("filter").value; update(); }, 120);
  });
  on(byId("filter"), "keydown", function (event) {
    if (event.key === "Enter" || event.key === "Escape") { byId("filter").blur(); }
  });
  on(byId("sort"), "change", function () { state.sort = byId("sort").value; update(); });
  on(byId("clear"), "click", function () {
    state.q = "";
    FACETS.forEach(function (facet) { state[facet] = []; });
    state.sort = "input";
    update();
  });
  on(window, "hashchange", function () { readAddress(); redraw(); });
  function refillReadings() {
    onPage().forEach(function (row) {
      var td = byId("row-" + row.at).lastElementChild;
      if (!td.contains(document.activeElement)) { fillReading(td, row); }
    });
    countAnswers();
  }
  on(window, "focus storage pageshow", refillReadings);

  MB.listeners.push(refillReadings);
  drawFacets();
  readAddress();
  redraw();
  countAnswers();
  MB.start();
  if (current >= 0) { mark(current, true); }
})();
