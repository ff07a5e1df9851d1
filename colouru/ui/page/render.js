// Lays colours over the lightness, as upsample.py and colour.py do for a whole photo, for the pixels on the screen.
//
// Plain loops on a 2D canvas, because WebGL is missing or emulated in many browsers. A test compares the result with
// the package's.

// EDGE as in upsample.py; the channels of a guide, see buildGuide.
const EDGE = 0.2 ** 2;
const CHANNELS = 9;

// By the byte of a grey pixel: CIELAB's f of its luminance, and its lightness in [-1, 1].
const LAB_F_OF_GREY = Float32Array.from({ length: 256 }, (_, byte) => labF(toLinear(byte)));
const L_OF_GREY = LAB_F_OF_GREY.map((y) => (116 * y - 16) / 50 - 1);

// sRGB bytes of linear light from 0 to 1.
const GAMMA_STEPS = 16384;
const GAMMA_BYTES = Uint8Array.from({ length: GAMMA_STEPS + 1 }, (_, step) => Math.round(toGamma(step / GAMMA_STEPS)));

// Linear light slightly outside 0 to 1 counts as in gamut: the tolerance of colour.py.
const DARKEST = -1 / 1024 / 12.92;
const BRIGHTEST = ((1 + 1 / 1024 + 0.055) / 1.055) ** 2.4;

// The mean over 3 x 3 pixels, fewer at the border.
function boxMean(x, columns, rows) {
  const across = new Float32Array(x.length);
  const mean = new Float32Array(x.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0, at = row * columns; column < columns; column++, at++)
      across[at] = x[at] + (column ? x[at - 1] : 0) + (column < columns - 1 ? x[at + 1] : 0);
  for (let row = 0; row < rows; row++) {
    const height = 1 + (row > 0) + (row < rows - 1);
    for (let column = 0, at = row * columns; column < columns; column++, at++) {
      const sum = across[at] + (row ? across[at - columns] : 0) + (row < rows - 1 ? across[at + columns] : 0);
      mean[at] = sum / (height * (1 + (column > 0) + (column < columns - 1)));
    }
  }
  return mean;
}

// The minimum and the maximum over 3 x 3 pixels.
function boxRange(x, columns, rows) {
  const [acrossLow, acrossHigh, lowest, highest] = Array.from({ length: 4 }, () => new Float32Array(x.length));
  for (let row = 0; row < rows; row++)
    for (let column = 0, at = row * columns; column < columns; column++, at++) {
      const here = x[at];
      const left = column ? x[at - 1] : here;
      const right = column < columns - 1 ? x[at + 1] : here;
      acrossLow[at] = Math.min(left, here, right);
      acrossHigh[at] = Math.max(left, here, right);
    }
  for (let row = 0, at = 0; row < rows; row++) {
    const up = row ? columns : 0;
    const down = row < rows - 1 ? columns : 0;
    for (let column = 0; column < columns; column++, at++) {
      lowest[at] = Math.min(acrossLow[at - up], acrossLow[at], acrossLow[at + down]);
      highest[at] = Math.max(acrossHigh[at - up], acrossHigh[at], acrossHigh[at + down]);
    }
  }
  return [lowest, highest];
}

// By working copy: its L, the local mean and the local variance of L plus EDGE. They stay while colours change.
const lightnessStatistics = new WeakMap();

function lightnessStatisticsOf(coarse, columns, rows) {
  if (lightnessStatistics.has(coarse)) return lightnessStatistics.get(coarse);
  const L = Float32Array.from({ length: columns * rows }, (_, at) => coarse[4 * at] / 127.5 - 1);
  const meanL = boxMean(L, columns, rows);
  const meanLL = boxMean(
    L.map((value) => value * value),
    columns,
    rows,
  );
  const variance = meanLL.map((square, at) => Math.max(0, square - meanL[at] * meanL[at]) + EDGE);
  lightnessStatistics.set(coarse, { L, meanL, variance });
  return lightnessStatistics.get(coarse);
}

// A guide: what is interpolated from the working copy. Its channels are a and b, their slopes along L, their local
// minima, their local maxima, and L. `levels` are the RGBA bytes of the server's map of ab, `coarse` those of its L.
function buildGuide(levels, coarse, columns, rows) {
  const size = columns * rows;
  const planes = new Float32Array(CHANNELS * size);
  const { L, meanL, variance } = lightnessStatisticsOf(coarse, columns, rows);
  for (let channel = 0; channel < 2; channel++) {
    const ab = new Float32Array(size);
    const product = new Float32Array(size);
    for (let at = 0; at < size; at++) product[at] = L[at] * (ab[at] = (levels[4 * at + channel] - 128) / 127);
    const mean = boxMean(ab, columns, rows);
    const covariance = boxMean(product, columns, rows);
    for (let at = 0; at < size; at++) covariance[at] = (covariance[at] - meanL[at] * mean[at]) / variance[at];
    const slope = boxMean(covariance, columns, rows);
    const [lowest, highest] = boxRange(ab, columns, rows);
    for (let at = 0, to = channel; at < size; at++, to += CHANNELS) {
      planes[to] = ab[at];
      planes[to + 2] = slope[at];
      planes[to + 4] = lowest[at];
      planes[to + 6] = highest[at];
    }
  }
  for (let at = 0; at < size; at++) planes[CHANNELS * at + 8] = L[at];
  return { planes, columns, rows };
}

const isLightInGamut = (red, green, blue) =>
  red >= DARKEST && green >= DARKEST && blue >= DARKEST && red <= BRIGHTEST && green <= BRIGHTEST && blue <= BRIGHTEST;

// The factor in [0, 1] that brings a and b into sRGB's gamut; `y` is CIELAB's f of the luminance.
function gamutScale(y, a, b) {
  let low = 0;
  let high = 1;
  const Y = labFInverse(y);
  for (let i = 0; i < 10; i++) {
    const middle = (low + high) / 2;
    const X = xOf(y, a * middle);
    const Z = zOf(y, b * middle);
    if (isLightInGamut(redOf(X, Y, Z), greenOf(X, Y, Z), blueOf(X, Y, Z))) low = middle;
    else high = middle;
  }
  return low;
}

// Linear interpolation along one axis: for each of `count` pixels the cells before and after it, and the weight of the
// latter. The photo starts at pixel `offset` and has `cells` cells over `extent` pixels.
function interpolation(count, offset, extent, cells) {
  const before = new Int32Array(count);
  const after = new Int32Array(count);
  const weight = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const place = clamp(((i + 0.5 - offset) / extent) * cells - 0.5, 0, cells - 1);
    before[i] = Math.floor(place);
    after[i] = Math.min(before[i] + 1, cells - 1);
    weight[i] = place - before[i];
  }
  return { before, after, weight };
}

// Write a and b of one row of pixels. `guideRow` is the row of the guide at its height, `across` interpolates along it,
// `start` is the byte where the row of `pixels` starts.
function interpolateRow(guideRow, across, pixels, start, scale, rowA, rowB) {
  const g = guideRow;
  for (let i = 0; i < rowA.length; i++) {
    const p = CHANNELS * across.before[i];
    const q = CHANNELS * across.after[i];
    const s = across.weight[i];
    const t = 1 - s;
    const finer = L_OF_GREY[pixels[start + 4 * i]] - (g[p + 8] * t + g[q + 8] * s);
    const a = g[p] * t + g[q] * s + (g[p + 2] * t + g[q + 2] * s) * finer;
    const b = g[p + 1] * t + g[q + 1] * s + (g[p + 3] * t + g[q + 3] * s) * finer;
    const leastA = g[p + 4] * t + g[q + 4] * s;
    const mostA = g[p + 6] * t + g[q + 6] * s;
    const leastB = g[p + 5] * t + g[q + 5] * s;
    const mostB = g[p + 7] * t + g[q + 7] * s;
    rowA[i] = scale * (a < leastA ? leastA : a > mostA ? mostA : a);
    rowB[i] = scale * (b < leastB ? leastB : b > mostB ? mostB : b);
  }
}

// Replace one row of grey pixels by the colours of that lightness with these a and b, or the nearest that exist.
function colourRow(pixels, start, rowA, rowB) {
  for (let i = 0, at = start; i < rowA.length; i++, at += 4) {
    const y = LAB_F_OF_GREY[pixels[at]];
    const Y = labFInverse(y);
    let a = rowA[i];
    let b = rowB[i];
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let attempt = 0; attempt < 2; attempt++) {
      const X = xOf(y, a);
      const Z = zOf(y, b);
      red = redOf(X, Y, Z);
      green = greenOf(X, Y, Z);
      blue = blueOf(X, Y, Z);
      if (isLightInGamut(red, green, blue)) break;
      const scale = gamutScale(y, a, b);
      a *= scale;
      b *= scale;
    }
    pixels[at] = GAMMA_BYTES[(clamp(red, 0, 1) * GAMMA_STEPS + 0.5) | 0];
    pixels[at + 1] = GAMMA_BYTES[(clamp(green, 0, 1) * GAMMA_STEPS + 0.5) | 0];
    pixels[at + 2] = GAMMA_BYTES[(clamp(blue, 0, 1) * GAMMA_STEPS + 0.5) | 0];
  }
}

// Colour a rectangle of pixels in place. `pixels` are RGBA bytes of the grey picture; `frame` is where the whole photo
// lies in pixels of the rectangle: left, top, and its extent across and down. `squares` are hints in pixels of the
// rectangle, which get exactly their colour; later ones lie on top.
function renderColours(pixels, width, height, frame, guide, saturation, squares) {
  const { planes, columns, rows } = guide;
  const across = interpolation(width, frame.left, frame.across, columns);
  const down = interpolation(height, frame.top, frame.down, rows);
  const from = width ? CHANNELS * across.before[0] : 0;
  const to = width ? CHANNELS * (across.after[width - 1] + 1) : 0;
  const guideRow = new Float32Array(CHANNELS * columns);
  const rowA = new Float32Array(width);
  const rowB = new Float32Array(width);
  for (let j = 0; j < height; j++) {
    const above = CHANNELS * columns * down.before[j];
    const below = CHANNELS * columns * down.after[j];
    const low = down.weight[j];
    const high = 1 - low;
    for (let at = from; at < to; at++) guideRow[at] = planes[above + at] * high + planes[below + at] * low;
    const start = 4 * j * width;
    interpolateRow(guideRow, across, pixels, start, AB_SCALE * saturation, rowA, rowB);
    for (const { left, right, top, bottom, a, b } of squares) {
      if (j < top || j >= bottom) continue;
      rowA.fill(a * saturation, Math.max(0, left), Math.max(0, right));
      rowB.fill(b * saturation, Math.max(0, left), Math.max(0, right));
    }
    colourRow(pixels, start, rowA, rowB);
  }
}

// The pixels of a hint in a picture of that size, as in hints.py.
function hintSquare(hint, width, height) {
  const side = Math.max(1, Math.round((hint.size ?? props.constants.hint_size) * Math.max(width, height)));
  const top = Math.min(Math.floor(hint.y * height), height - 1) - Math.floor(side / 2);
  const left = Math.min(Math.floor(hint.x * width), width - 1) - Math.floor(side / 2);
  return { left: Math.max(left, 0), top: Math.max(top, 0), right: left + side, bottom: top + side };
}
