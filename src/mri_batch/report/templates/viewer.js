/* The study page: slices at their full depth, heat coloured here from its own grid. */
(function () {
  "use strict";
  var view = MB.json("view");
  var on = MB.on, byId = MB.byId, make = MB.make;

  on(byId("download"), "click", function () {
    MB.save(view.study + "-result.json", byId("result").textContent);
  });

  /* Reader feedback, kept under the key of this very result. */
  (function () {
    var box = byId("feedback"), name = "mri-batch:feedback:" + view.key;
    if (!box) { return; }
    var kept = {}, note = byId("note");
    try { kept = JSON.parse(MB.recall(name)) || {}; } catch (e) { /* not ours */ }
    var radios = MB.all("input[name=answer]", box);
    function write() {
      var chosen = radios.filter(function (radio) { return radio.checked; })[0];
      var is = { answer: chosen ? chosen.value : null, note: note.value };
      MB.keep(name, is.answer || is.note ? JSON.stringify(is) : null);
    }
    radios.forEach(function (radio) { radio.checked = radio.value === kept.answer; on(radio, "change", write); });
    note.value = kept.note || "";
    on(note, "input", write);
    on(byId("clear"), "click", function () {
      radios.forEach(function (radio) { radio.checked = false; });
      note.value = "";
      write();
    });
  })();

  var noKeys = {};
  if (!byId("viewer")) { MB.keys(noKeys); MB.start(); return; }

  var pieces = {}, order = [];
  view.pieces.forEach(function (piece) {
    pieces[piece.index] = piece;
    order.push(piece.index);
    if (piece.heads) { piece.heats = piece.heats.concat(listHeads(piece.heads)); }
  });
  /* Single layers and heads of a ViT: one map each, and one a layer for the mean of its heads. */
  function listHeads(block) {
    var list = [], layer, head;
    for (layer = 0; layer < block.steps.length; layer++) {
      for (head = -1; head < block.heads; head++) {
        list.push({
          method: "attention", label: null, layer: block.first + layer, head: head < 0 ? null : head,
          grid: block.grid, scale: 255 * block.steps[layer], signed: false, at: [layer, head]
        });
      }
    }
    return list;
  }
  var ramps = view.ramps.map(MB.bytes);
  var canvas = byId("canvas"), stage = byId("stage"), context = canvas.getContext("2d");
  var base = document.createElement("canvas"), glow = document.createElement("canvas");
  var state = {
    series: 0, at: order[0], klass: Math.max(0, view.labels.indexOf(view.label)), low: 0, high: 1,
    method: null, label: null, layer: null, head: null,
    overlay: true, contour: false, smooth: true, peak: false,
    opacity: view.start.opacity, threshold: view.start.threshold
  };

  /* Slices */
  function text(id) { return byId(id).textContent; }
  function values(piece) {
    if (!piece.numbers) {
      piece.numbers = [];
      for (var p = 0; p < piece.planes; p++) {
        piece.numbers.push(MB.decodeGrid(text("px-" + piece.index + "-" + p), piece.rows, piece.cols));
      }
      recent.push(piece);
      if (recent.length > 24) { delete recent.shift().numbers; }
    }
    return piece.numbers;
  }
  var recent = [];
  function ownSlices() { return view.series[state.series].slices.filter(function (i) { return pieces[i]; }); }
  function piece() { return pieces[state.at]; }
  function keySlices() { return ownSlices().filter(function (i) { return pieces[i].heats.length; }); }

  function show(index) {
    if (!pieces[index]) { return; }
    var before = piece();
    state.at = index;
    if (before.window[0] === state.low && before.window[1] === state.high) { resetWindow(true); }
    refresh();
  }
  function step(by) {
    var own = ownSlices(), at = own.indexOf(state.at) + by;
    show(own[Math.min(own.length - 1, Math.max(0, at))]);
  }
  function stepKey(by) {
    var keys = keySlices().filter(function (i) { return by > 0 ? i > state.at : i < state.at; });
    if (keys.length) { show(by > 0 ? keys[0] : keys[keys.length - 1]); }
  }
  function stepSuspicious() {
    var own = ownSlices();
    if (own.length) { show(loudest(own, view.background || view.series[state.series].label)); }
  }
  /* The slice that speaks for the series' class most, whose heat is tested first; for no finding the most suspicious. */
  function loudest(indices, label) {
    var klass = view.labels.indexOf(label), sign = label === view.background ? -1 : 1;
    function evidence(i) { return sign * view.slices[i].p[klass]; }
    return indices.reduce(function (best, i) { return evidence(i) > evidence(best) ? i : best; });
  }
  function chooseSeries(at) {
    state.series = at;
    var select = byId("series"), keys = keySlices(), own = ownSlices();
    if (select) { select.value = String(at); }
    state.at = keys.length ? loudest(keys, view.series[at].label) : own.length ? own[0] : state.at;
    resetWindow(true);
    drawStrip();
    refresh();
  }

  /* Window and level */
  function resetWindow(quietly) {
    state.low = piece().window[0];
    state.high = piece().window[1];
    if (!quietly) { refresh(); }
  }
  function setWindow(width, level) {
    width = Math.max(width, piece().slope / 4, 1e-9);
    state.low = level - width / 2;
    state.high = level + width / 2;
    refresh();
  }
  function width() { return state.high - state.low; }
  function level() { return (state.high + state.low) / 2; }
  function round(number) { return Math.abs(number) >= 100 ? Math.round(number) : +number.toPrecision(3); }

  /* Heat */
  function chooseHeat() {
    var heats = piece().heats, wanted = ["method", "label", "layer", "head"], left = heats;
    wanted.forEach(function (name) {
      var same = left.filter(function (heat) { return heat[name] === state[name]; });
      if (same.length) { left = same; }
    });
    return left.length ? left[0] : null;
  }
  function inside(place, size) { return Math.min(size - 0.5, Math.max(0.5, place)); }
  function headValues(heat) {
    var block = piece().heads, n = heat.grid[0] * heat.grid[1], box = piece().box, hottest = 0, i, h, sum;
    var first = heat.at[1] < 0 ? 0 : heat.at[1], last = heat.at[1] < 0 ? block.heads - 1 : heat.at[1];
    if (!block.numbers) {
      block.numbers = MB.decodeGrid(
        text("heads-" + state.at), block.steps.length * block.heads * block.grid[0], block.grid[1]
      );
    }
    heat.values = new Float32Array(n);
    for (i = 0; i < n; i++) {
      for (sum = 0, h = first; h <= last; h++) { sum += block.numbers[(heat.at[0] * block.heads + h) * n + i]; }
      heat.values[i] = sum / (last - first + 1) / 255;
      if (heat.values[i] > heat.values[hottest]) { hottest = i; }
    }
    heat.max = heat.values[hottest];
    heat.peak = fromUpright(
      inside(box[0] + (Math.floor(hottest / heat.grid[1]) + 0.5) / heat.grid[0] * box[2], piece().full[0]),
      inside(box[1] + (hottest % heat.grid[1] + 0.5) / heat.grid[1] * box[3], piece().full[1])
    ).map(Math.floor);
    return heat.values;
  }
  function grid(heat) {
    if (!heat.values && heat.at) { return headValues(heat); }
    if (!heat.values) {
      var coded = text("heat-" + state.at + "-" + piece().heats.indexOf(heat));
      var numbers = MB.decodeGrid(coded, heat.grid[0], heat.grid[1]), i;
      heat.values = new Float32Array(numbers.length);
      heat.max = 0;
      for (i = 0; i < numbers.length; i++) {
        heat.values[i] = (heat.low + numbers[i] * heat.step) / (heat.scale || 1);
        heat.max = Math.max(heat.max, Math.abs(heat.values[i]));
      }
    }
    return heat.values;
  }
  /* Heat as a share of its scale at a place on the upright slice, both from 0 to 1; 0 outside the model's view. */
  function sampler(heat) {
    var cells = grid(heat), rows = heat.grid[0], cols = heat.grid[1], full = piece().full, box = piece().box;
    return function (down, across) {
      var r = (down * full[0] - box[0]) / box[2], c = (across * full[1] - box[1]) / box[3];
      if (r < 0 || r > 1 || c < 0 || c > 1) { return 0; }
      if (!state.smooth) {
        return cells[Math.min(rows - 1, Math.floor(r * rows)) * cols + Math.min(cols - 1, Math.floor(c * cols))];
      }
      r = Math.min(rows - 1, Math.max(0, r * rows - 0.5));
      c = Math.min(cols - 1, Math.max(0, c * cols - 0.5));
      var r0 = Math.floor(r), c0 = Math.floor(c), r1 = Math.min(rows - 1, r0 + 1), c1 = Math.min(cols - 1, c0 + 1);
      var upper = cells[r0 * cols + c0] * (1 - c + c0) + cells[r0 * cols + c1] * (c - c0);
      var lower = cells[r1 * cols + c0] * (1 - c + c0) + cells[r1 * cols + c1] * (c - c0);
      return upper * (1 - r + r0) + lower * (r - r0);
    };
  }

  /* Drawing */
  function paintBase() {
    var p = piece(), planes = values(p), n = p.rows * p.cols, i, c;
    base.width = p.cols;
    base.height = p.rows;
    var drawing = base.getContext("2d"), image = drawing.createImageData(p.cols, p.rows), out = image.data;
    var scale = 255 / (state.high - state.low);
    for (i = 0; i < n; i++) {
      for (c = 0; c < 3; c++) {
        out[4 * i + c] = (p.intercept + planes[planes.length === 1 ? 0 : c][i] * p.slope - state.low) * scale;
      }
      out[4 * i + 3] = 255;
    }
    drawing.putImageData(image, 0, 0);
  }
  function paintGlow(heat, rows, cols) {
    var sample = sampler(heat), r, c, at = 0, share, strength, colour, ramp, shade;
    glow.width = cols;
    glow.height = rows;
    var drawing = glow.getContext("2d"), image = drawing.createImageData(cols, rows), out = image.data;
    for (r = 0; r < rows; r++) {
      for (c = 0; c < cols; c++, at += 4) {
        share = sample((r + 0.5) / rows, (c + 0.5) / cols);
        strength = Math.min(1, Math.abs(share));
        if (strength < state.threshold || strength === 0) { continue; }
        ramp = ramps[share < 0 ? 1 : 0];
        colour = 3 * Math.round(strength * 255);
        shade = Math.min(1, (strength - state.threshold) / 0.4);
        out[at] = ramp[colour];
        out[at + 1] = ramp[colour + 1];
        out[at + 2] = ramp[colour + 2];
        out[at + 3] = 255 * state.opacity * shade;
      }
    }
    drawing.putImageData(image, 0, 0);
  }
  /* Where the sampled heat crosses a height, as line segments (marching squares). */
  function contour(sample, height, n) {
    var lines = [], r, c, rows = [], line;
    for (r = 0; r <= n; r++) {
      line = [];
      for (c = 0; c <= n; c++) { line.push(sample(r / n, c / n) - height); }
      rows.push(line);
    }
    for (r = 0; r < n; r++) {
      for (c = 0; c < n; c++) {
        var a = rows[r][c], b = rows[r][c + 1], d = rows[r + 1][c], e = rows[r + 1][c + 1], cross = [];
        if ((a > 0) !== (b > 0)) { cross.push([c + a / (a - b), r]); }
        if ((b > 0) !== (e > 0)) { cross.push([c + 1, r + b / (b - e)]); }
        if ((d > 0) !== (e > 0)) { cross.push([c + d / (d - e), r + 1]); }
        if ((a > 0) !== (d > 0)) { cross.push([c, r + a / (a - d)]); }
        for (var k = 0; k + 1 < cross.length; k += 2) { lines.push([cross[k], cross[k + 1]]); }
      }
    }
    return lines;
  }
  function strokeLines(lines, n, place, style, thick) {
    context.beginPath();
    lines.forEach(function (line) {
      context.moveTo(place.x + line[0][0] / n * place.w, place.y + line[0][1] / n * place.h);
      context.lineTo(place.x + line[1][0] / n * place.w, place.y + line[1][1] / n * place.h);
    });
    context.strokeStyle = style;
    context.lineWidth = thick;
    context.stroke();
  }
  function drawContours(heat, place) {
    var sample = sampler(heat), n = 128;
    [1, -1].slice(0, heat.signed ? 2 : 1).forEach(function (sign, which) {
      [Math.max(state.threshold, 0.25), view.start.contour, 0.75].forEach(function (height) {
        var colour = 3 * Math.round(Math.min(0.98, 0.35 + 0.65 * height) * 255), ramp = ramps[which];
        var lines = contour(function (r, c) { return sign * sample(r, c); }, height, n);
        strokeLines(lines, n, place, "rgba(0,0,0,.75)", 3.5);
        strokeLines(lines, n, place, "rgb(" + ramp[colour] + "," + ramp[colour + 1] + "," + ramp[colour + 2] + ")", 1.6);
      });
    });
  }
  function drawPeak(heat, place) {
    var at = toUpright(heat.peak[0] + 0.5, heat.peak[1] + 0.5), full = piece().full;
    var x = place.x + at[1] / full[1] * place.w, y = place.y + at[0] / full[0] * place.h;
    [["#000", 4], ["#fff", 1.6]].forEach(function (pen) {
      context.beginPath();
      context.arc(x, y, 9, 0, 2 * Math.PI);
      context.moveTo(x - 15, y); context.lineTo(x - 5, y);
      context.moveTo(x + 5, y); context.lineTo(x + 15, y);
      context.moveTo(x, y - 15); context.lineTo(x, y - 5);
      context.moveTo(x, y + 5); context.lineTo(x, y + 15);
      context.strokeStyle = pen[0];
      context.lineWidth = pen[1];
      context.stroke();
    });
  }
  /* A ruler only where the size of a pixel is known. */
  function drawRuler(place) {
    var spacing = piece().spacing;
    if (!spacing) { return; }
    var perMm = place.h / (piece().full[0] * spacing[0]), length = 100;
    [50, 20, 10].forEach(function (mm) { if (length * perMm > place.H * 0.4) { length = mm; } });
    var x = place.W - 34, y = (place.H - length * perMm) / 2, mm, tick = length > 20 ? 10 : length / 2;
    [["rgba(0,0,0,.8)", 4], ["#fff", 1.5]].forEach(function (pen) {
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x, y + length * perMm);
      for (mm = 0; mm <= length; mm += tick) {
        context.moveTo(x, y + mm * perMm);
        context.lineTo(x - (mm % length ? 4 : 8), y + mm * perMm);
      }
      context.strokeStyle = pen[0];
      context.lineWidth = pen[1];
      context.stroke();
    });
    context.font = "12px sans-serif";
    context.textAlign = "right";
    context.strokeStyle = "#000";
    context.lineWidth = 3;
    context.strokeText(length / 10 + " cm", place.W - 10, y + length * perMm + 16);
    context.fillStyle = "#fff";
    context.fillText(length / 10 + " cm", place.W - 10, y + length * perMm + 16);
  }
  function placeOnStage() {
    var p = piece(), W = stage.clientWidth, H = stage.clientHeight;
    var tall = p.full[0] * (p.spacing ? p.spacing[0] / p.spacing[1] : 1), scale = Math.min(W / p.full[1], H / tall);
    var w = p.full[1] * scale, h = tall * scale;
    return { W: W, H: H, x: (W - w) / 2, y: (H - h) / 2, w: w, h: h };
  }
  var place = null;
  function draw() {
    var p = piece(), heat = chooseHeat(), dense = window.devicePixelRatio || 1;
    place = placeOnStage();
    canvas.width = Math.round(place.W * dense);
    canvas.height = Math.round(place.H * dense);
    context.setTransform(dense, 0, 0, dense, 0, 0);
    paintBase();
    context.imageSmoothingEnabled = true;
    context.drawImage(base, place.x, place.y, place.w, place.h);
    if (heat && state.overlay) {
      if (!state.contour) {
        var fine = (state.smooth ? 384 : 768) / Math.max(p.full[0], p.full[1]);
        paintGlow(heat, Math.max(1, Math.round(p.full[0] * fine)), Math.max(1, Math.round(p.full[1] * fine)));
        context.imageSmoothingEnabled = state.smooth;
        context.drawImage(glow, place.x, place.y, place.w, place.h);
      } else {
        drawContours(heat, place);
      }
      if (state.peak) { drawPeak(heat, place); }
    }
    drawRuler(place);
  }

  /* From the slice's own pixels to the upright ones, and back (as records.Placement). */
  function toUpright(row, col) {
    var p = piece(), odd = p.turns % 2, rows = p.full[odd ? 1 : 0], cols = p.full[odd ? 0 : 1], k, keep;
    if (p.mirrored) { col = cols - col; }
    for (k = 0; k < p.turns; k++) {
      keep = row; row = cols - col; col = keep;
      keep = rows; rows = cols; cols = keep;
    }
    return [row, col];
  }
  function fromUpright(row, col) {
    var p = piece(), rows = p.full[0], cols = p.full[1], k, keep;
    for (k = 0; k < p.turns; k++) {
      keep = row; row = col; col = rows - keep;
      keep = rows; rows = cols; cols = keep;
    }
    return [row, p.mirrored ? cols - col : col];
  }

  /* Words round the picture */
  function labelName(label) { return MB.text(view.names.labels[label]); }
  function fill(id, words) { byId(id).textContent = words; }
  function describe() {
    var p = piece(), own = view.slices[state.at], letters = p.letters || {};
    ["top", "right", "bottom", "left"].forEach(function (side) { fill("letter-" + side, letters[side] || ""); });
    fill("corner-tl", own.file + (own.frame ? "\n" + MB.say("frame", { n: own.frame }) : ""));
    fill("corner-tr", MB.say("slice_of", { n: state.at + 1, total: view.slices.length }) +
      (p.heats.length ? "\n★ " + MB.say("key_slice") : ""));
    fill("corner-bl", "W " + MB.plain(width()) + "\nL " + MB.plain(level()));
    var lost = p.error ? MB.say("rounded", { error: MB.plain(p.error) }) : MB.say("exact");
    if (p.rows !== p.full[0] || p.cols !== p.full[1]) {
      lost += "\n" + MB.say("reduced", { shown: p.cols + "×" + p.rows, full: p.full[1] + "×" + p.full[0] });
    }
    fill("corner-br", lost);
    fill("slice-text", MB.say("slice_of", { n: state.at + 1, total: view.slices.length }) + " · " + own.file + " · " +
      own.p.map(function (prob, k) { return labelName(view.labels[k]) + " " + MB.percent(prob); }).join(", "));
    byId("window").value = round(width());
    byId("level").value = round(level());
    var slider = byId("slice"), shown = ownSlices();
    slider.max = String(shown.length - 1);
    slider.value = String(shown.indexOf(state.at));
    slider.setAttribute("aria-valuetext", byId("slice-text").textContent);
  }
  function options(select, values, chosen, words) {
    MB.clear(select);
    values.forEach(function (value, at) {
      var option = make("option", { value: String(at) });
      words(option, value);
      if (value === chosen) { option.selected = true; }
      select.appendChild(option);
    });
    select.disabled = values.length < 2;
    var only = values.length < 2 && (values[0] === null || values.length === 0);
    select.hidden = only;
    MB.all("label[for=" + select.id + "]").forEach(function (label) { label.hidden = only; });
  }
  function unique(heats, name) {
    var seen = [];
    heats.forEach(function (heat) { if (seen.indexOf(heat[name]) < 0) { seen.push(heat[name]); } });
    return seen;
  }
  function wordMethod(option, method) {
    MB.place(option, view.names.methods[method]);
  }
  function wordClass(option, label) {
    if (label === null) { MB.tell(option, "class_any"); } else { MB.place(option, view.names.labels[label]); }
  }
  function wordNumber(option, number) {
    if (number === null) { MB.tell(option, "all_layers"); } else { option.textContent = String(number); }
  }
  var choices = { method: [], label: [], layer: [], head: [] };
  function describeHeat() {
    var heats = piece().heats, heat = chooseHeat(), box = byId("caption"), left = heats;
    byId("heat-controls").disabled = !heat;
    byId("bar-box").hidden = !heat;
    byId("no-heat").hidden = !!heat;
    MB.clear(box);
    if (!heat) { return; }
    [["method", "method", wordMethod], ["label", "heat-class", wordClass], ["layer", "layer", wordNumber],
      ["head", "head", wordNumber]].forEach(function (row) {
      choices[row[0]] = unique(left, row[0]);
      options(byId(row[1]), choices[row[0]], heat[row[0]], row[2]);
      left = left.filter(function (other) { return other[row[0]] === heat[row[0]]; });
    });
    grid(heat);
    var caption = byId("cap-" + state.at + "-" + (heat.at ? "heads" : heats.indexOf(heat))).cloneNode(true);
    caption.removeAttribute("id");
    caption.hidden = false;
    if (heat.at) { nameHead(caption, heat); }
    box.appendChild(caption);
    var most = MB.plain(heat.scale);
    fill("bar-low", heat.signed ? "−" + most : "0");
    fill("bar-high", most);
    MB.tell(byId("bar-text"), heat.at ? "bar_layer" : heat.signed ? "bar_signed" : "bar", { max: most });
    if (heat.max > 1.005) {
      byId("bar-text").textContent += " " + MB.say("bar_clipped", { max: MB.plain(heat.max * heat.scale) });
      byId("bar-text").removeAttribute("data-k");
    }
    drawBar(heat.signed);
  }
  function nameHead(caption, heat) {
    var which = heat.head === null ? MB.say("all_layers") : heat.head;
    caption.firstElementChild.appendChild(document.createTextNode(" · "));
    caption.firstElementChild.appendChild(MB.tell(make("span"), "layer_head", { layer: heat.layer, head: which }));
    caption.insertBefore(MB.tell(make("p"), "peak_at", { row: heat.peak[0], col: heat.peak[1] }), caption.lastElementChild);
  }
  function drawBar(signed) {
    var bar = byId("bar"), drawing = bar.getContext("2d"), x, share, ramp, at;
    for (x = 0; x < 256; x++) {
      share = signed ? (x - 127.5) / 127.5 : x / 255;
      ramp = ramps[share < 0 ? 1 : 0];
      at = 3 * Math.round(Math.abs(share) * 255);
      drawing.fillStyle = "rgb(" + ramp[at] + "," + ramp[at + 1] + "," + ramp[at + 2] + ")";
      drawing.fillRect(x, 0, 1, 12);
    }
  }

  /* The strip: one bar a slice, as high as the probability of the chosen class. */
  var SVG = "http://www.w3.org/2000/svg";
  function svg(tag, attributes) {
    var node = document.createElementNS(SVG, tag);
    Object.keys(attributes).forEach(function (name) { node.setAttribute(name, attributes[name]); });
    return node;
  }
  function drawStrip() {
    var box = byId("strip"), own = view.series[state.series].slices, n = own.length;
    var picture = svg("svg", { viewBox: "0 0 " + n + " 60", preserveAspectRatio: "none", role: "img" });
    picture.setAttribute("aria-label", MB.say("strip", { label: labelName(view.labels[state.klass]) }));
    MB.clear(box);
    own.forEach(function (index, x) {
      if (view.deciding.indexOf(index) >= 0) {
        picture.appendChild(svg("rect", { x: x, width: 1, y: 0, height: 60, "class": "deciding" }));
      }
    });
    own.forEach(function (index, x) {
      var high = 50 * view.slices[index].p[state.klass], gap = n > 120 ? 0 : 0.08;
      picture.appendChild(svg("rect", {
        x: x + gap, width: 1 - 2 * gap, y: 52 - high, height: high, "class": pieces[index] ? "p" : "gone"
      }));
      if (pieces[index] && pieces[index].heats.length) {
        picture.appendChild(svg("rect", { x: x + 0.2, width: 0.6, y: 54, height: 6, "class": "star" }));
      }
    });
    picture.appendChild(svg("line", { x1: 0, x2: n, y1: 27, y2: 27, "class": "half" }));
    picture.appendChild(svg("rect", { id: "here", y: 1, height: 58, width: 1, x: 0, "class": "here" }));
    box.appendChild(picture);
  }
  function markStrip() {
    var here = byId("here"), own = view.series[state.series].slices;
    if (here) { here.setAttribute("x", own.indexOf(state.at)); }
  }
  function stripTo(event) {
    var own = view.series[state.series].slices, edge = byId("strip").getBoundingClientRect();
    var want = Math.floor((event.clientX - edge.left) / edge.width * own.length), best = null;
    ownSlices().forEach(function (index) {
      var far = Math.abs(own.indexOf(index) - want);
      if (best === null || far < best[0]) { best = [far, index]; }
    });
    if (best) { show(best[1]); }
  }

  var pending = 0;
  function refresh() {
    describe();
    describeHeat();
    markStrip();
    if (!pending) {
      pending = (window.requestAnimationFrame || function (f) { return window.setTimeout(f, 16); })(function () {
        pending = 0;
        draw();
      });
    }
  }

  /* Controls */
  on(byId("slice"), "input change", function () { show(ownSlices()[+byId("slice").value]); });
  on(byId("previous-key"), "click", function () { stepKey(-1); });
  on(byId("next-key"), "click", function () { stepKey(1); });
  on(byId("series"), "change", function () { chooseSeries(+byId("series").value); });
  on(byId("strip-class"), "change", function () { state.klass = +byId("strip-class").value; drawStrip(); markStrip(); });
  on(byId("reset"), "click", function () { resetWindow(); });
  on(byId("window"), "change", function () { setWindow(+byId("window").value || width(), level()); });
  on(byId("level"), "change", function () {
    var typed = parseFloat(byId("level").value);
    setWindow(width(), isNaN(typed) ? level() : typed);
  });
  ["overlay", "contour", "smooth", "peak"].forEach(function (name) {
    byId(name).checked = state[name];
    on(byId(name), "change", function () { state[name] = byId(name).checked; refresh(); });
  });
  ["opacity", "threshold"].forEach(function (name) {
    byId(name).value = String(Math.round(100 * state[name]));
    on(byId(name), "input change", function () { state[name] = byId(name).value / 100; refresh(); });
  });
  [["method", "method"], ["heat-class", "label"], ["layer", "layer"], ["head", "head"]].forEach(function (pair) {
    on(byId(pair[0]), "change", function () {
      state[pair[1]] = choices[pair[1]][+byId(pair[0]).value];
      refresh();
    });
  });
  function flip(name) { state[name] = !state[name]; byId(name).checked = state[name]; refresh(); }

  on(stage, "wheel", function (event) {
    event.preventDefault();
    if (event.deltaY) { step(event.deltaY > 0 ? 1 : -1); }
  }, { passive: false });
  var drag = null;
  on(stage, "mousedown", function (event) {
    if (event.button !== 0) { return; }
    drag = { x: event.clientX, y: event.clientY, width: width(), level: level() };
    stage.focus();
    event.preventDefault();
  });
  on(window, "mousemove", function (event) {
    if (!drag) { return; }
    var unit = Math.max(piece().window[1] - piece().window[0], 1e-9) / 400;
    setWindow(drag.width + (event.clientX - drag.x) * unit, drag.level - (event.clientY - drag.y) * unit);
  });
  on(window, "mouseup", function () { drag = null; });
  on(stage, "dblclick", function () { resetWindow(); });
  on(stage, "mousemove", function (event) {
    if (drag || !place) { return; }
    var edge = stage.getBoundingClientRect(), p = piece();
    var across = (event.clientX - edge.left - place.x) / place.w, down = (event.clientY - edge.top - place.y) / place.h;
    if (across < 0 || across >= 1 || down < 0 || down >= 1) { return; }
    var at = Math.floor(down * p.rows) * p.cols + Math.floor(across * p.cols);
    var own = fromUpright(down * p.full[0], across * p.full[1]), heat = chooseHeat();
    var value = values(p).map(function (plane) { return MB.plain(p.intercept + plane[at] * p.slope); }).join(" ");
    fill("slice-text", MB.say("value", { row: Math.floor(own[0]), col: Math.floor(own[1]), value: value }) +
      (heat ? " · " + MB.say("heat") + " " + MB.plain(sampler(heat)(down, across) * heat.scale) : ""));
  });
  on(stage, "mouseleave", describe);
  on(byId("strip"), "mousedown", stripTo);
  on(byId("strip"), "mousemove", function (event) { if (event.buttons === 1) { stripTo(event); } });
  MB.all("[data-open]").forEach(function (button) {
    on(button, "click", function () {
      var index = +button.getAttribute("data-open"), at = 0;
      view.series.forEach(function (series, k) { if (series.slices.indexOf(index) >= 0) { at = k; } });
      if (at !== state.series) { chooseSeries(at); }
      show(index);
      byId("viewer").scrollIntoView();
      stage.focus();
    });
  });
  on(window, "resize", refresh);

  var narrower = function () { setWindow(width() / 1.1, level()); };
  var wider = function () { setWindow(width() * 1.1, level()); };
  var lower = function () { setWindow(width(), level() - width() / 20); };
  var higher = function () { setWindow(width(), level() + width() / 20); };
  function inViewer(act) {
    return function (event) {
      if (event.target !== document.body && !byId("viewer").contains(event.target)) { return false; }
      act();
      return true;
    };
  }
  MB.keys({
    ArrowDown: inViewer(function () { step(1); }), ArrowUp: inViewer(function () { step(-1); }),
    ArrowRight: inViewer(function () { step(1); }), ArrowLeft: inViewer(function () { step(-1); }),
    Home: inViewer(function () { step(-1e6); }), End: inViewer(function () { step(1e6); }),
    n: function () { stepKey(1); }, p: function () { stepKey(-1); }, x: stepSuspicious,
    s: function () { chooseSeries((state.series + 1) % view.series.length); },
    o: function () { flip("overlay"); }, c: function () { flip("contour"); },
    m: function () {
      var heat = chooseHeat();
      if (!heat) { return; }
      var all = unique(piece().heats, "method");
      state.method = all[(all.indexOf(heat.method) + 1) % all.length];
      refresh();
    },
    "[": narrower, "]": wider, "-": lower, "+": higher, "=": higher, "0": function () { resetWindow(); }
  });
  MB.listeners.push(function () { drawStrip(); refresh(); });

  var firstHeat = null;
  view.pieces.some(function (p) { firstHeat = p.heats[0] || null; return firstHeat; });
  if (firstHeat) { ["method", "label", "layer", "head"].forEach(function (name) { state[name] = firstHeat[name]; }); }
  chooseSeries(0);
  MB.start();
})();
