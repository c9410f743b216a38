/* The inverse of coding.py: raw deflate (RFC 1951), then the median edge detector. */
(function () {
  "use strict";
  var LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
    131, 163, 195, 227, 258];
  var LENGTH_MORE = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
  var BACK_BASE = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
    2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
  var ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

  /* A lookup by the next bits: each entry is symbol * 16 + length of its code. */
  function makeTable(lengths) {
    var count = [], next = [], longest = 1, code = 0, n, symbol;
    for (n = 0; n <= 15; n++) { count[n] = 0; }
    lengths.forEach(function (length) { count[length]++; if (length > longest) { longest = length; } });
    count[0] = 0;
    for (n = 1; n <= 15; n++) { code = (code + count[n - 1]) << 1; next[n] = code; }
    var entries = new Uint16Array(1 << longest);
    for (symbol = 0; symbol < lengths.length; symbol++) {
      n = lengths[symbol];
      if (!n) { continue; }
      var forward = next[n]++, reversed = 0, bit;
      for (bit = 0; bit < n; bit++) { reversed = (reversed << 1) | ((forward >> bit) & 1); }
      for (; reversed < entries.length; reversed += 1 << n) { entries[reversed] = (symbol << 4) | n; }
    }
    return { entries: entries, longest: longest };
  }

  MB.inflate = function (source, size) {
    var out = new Uint8Array(size), at = 0, from = 0, hold = 0, held = 0, last, kind;
    function bits(n) {
      while (held < n) { hold |= source[from++] << held; held += 8; }
      var value = hold & ((1 << n) - 1);
      hold >>>= n; held -= n;
      return value;
    }
    function symbol(table) {
      while (held < table.longest) { hold |= source[from++] << held; held += 8; }
      var entry = table.entries[hold & ((1 << table.longest) - 1)];
      hold >>>= entry & 15; held -= entry & 15;
      return entry >> 4;
    }
    function readTables() {
      var nLiteral = bits(5) + 257, nBack = bits(5) + 1, nCode = bits(4) + 4, lengths = [], i, s, times, value;
      for (i = 0; i < 19; i++) { lengths[ORDER[i]] = i < nCode ? bits(3) : 0; }
      var code = makeTable(lengths);
      lengths = [];
      while (lengths.length < nLiteral + nBack) {
        s = symbol(code);
        value = s < 16 ? s : s === 16 ? lengths[lengths.length - 1] : 0;
        times = s < 16 ? 1 : s === 16 ? 3 + bits(2) : s === 17 ? 3 + bits(3) : 11 + bits(7);
        while (times--) { lengths.push(value); }
      }
      return [makeTable(lengths.slice(0, nLiteral)), makeTable(lengths.slice(nLiteral))];
    }
    function fixedTables() {
      var lengths = [], i;
      for (i = 0; i < 288; i++) { lengths.push(i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8); }
      return [makeTable(lengths), makeTable(new Array(31).join("5").split("").map(Number))];
    }
    do {
      last = bits(1); kind = bits(2);
      if (kind === 0) {
        from -= held >> 3; hold = 0; held = 0;
        var n = source[from] | (source[from + 1] << 8);
        for (from += 4; n > 0; n--) { out[at++] = source[from++]; }
        continue;
      }
      if (kind === 3) { throw new Error("bad data"); }
      var tables = kind === 1 ? fixedTables() : readTables(), s, length, back;
      while ((s = symbol(tables[0])) !== 256) {
        if (s < 256) { out[at++] = s; continue; }
        length = LENGTH_BASE[s - 257] + bits(LENGTH_MORE[s - 257]);
        s = symbol(tables[1]);
        back = BACK_BASE[s] + bits(s < 4 ? 0 : (s >> 1) - 1);
        for (; length > 0; length--) { out[at] = out[at - back]; at++; }
      }
    } while (!last);
    return out;
  };

  MB.bytes = function (base64) {
    var text = window.atob(base64), out = new Uint8Array(text.length), i;
    for (i = 0; i < text.length; i++) { out[i] = text.charCodeAt(i); }
    return out;
  };

  MB.decodeGrid = function (base64, rows, cols) {
    var n = rows * cols, plain = MB.inflate(MB.bytes(base64), 2 * n), out = new Uint16Array(n);
    var i = 0, r, c, left, up, corner, low, high, folded;
    for (r = 0; r < rows; r++) {
      for (c = 0; c < cols; c++, i++) {
        up = r ? out[i - cols] : c ? out[i - 1] : 0;
        left = c ? out[i - 1] : up;
        corner = r && c ? out[i - cols - 1] : up;
        low = left < up ? left : up; high = left < up ? up : left;
        folded = (plain[i] << 8) | plain[n + i];
        out[i] = (corner >= high ? low : corner <= low ? high : left + up - corner) +
          (folded & 1 ? -((folded + 1) >> 1) : folded >> 1);
      }
    }
    return out;
  };
})();
