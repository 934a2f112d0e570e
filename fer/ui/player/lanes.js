// One line per person under the scrubber: what was read, a value for every few pixels.

// Finer columns than this flicker where an emotion comes and goes: the eye takes them for a weave.
const COLUMN_PX = 3;
const AWAY = 255;
const FULL = 200;
// Between two bands, and where something happened: it differs from every colour on both grounds.
const INK = "#14181C";

/** Rows of bytes (a class each, 0 to FULL; AWAY where the person was not found) from base64. */
function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** The mean of every class over a span of steps, or null where the person was away. */
function meanOf(lane, classes, from, to) {
  const sum = new Array(classes).fill(0);
  let found = 0;
  const last = Math.min(Math.max(from + 1, to) - lane.first, lane.bytes.length / classes);
  for (let step = Math.max(0, from - lane.first); step < last; step++) {
    if (lane.bytes[step * classes] === AWAY) continue;
    found++;
    for (let index = 0; index < classes; index++) sum[index] += lane.bytes[step * classes + index];
  }
  return found ? sum.map((value) => value / found / FULL) : null;
}

/** Values of a line, one for every column of the width: at most as many as there are pixels. */
function columnsOf(lane, data, width) {
  const count = Math.max(1, Math.floor(width / COLUMN_PX));
  const steps = data.length_s / data.step_s;
  return Array.from({ length: count }, (_, column) =>
    meanOf(
      lane,
      data.labels.length,
      Math.floor((column * steps) / count),
      Math.floor(((column + 1) * steps) / count),
    ),
  );
}

/** The most probable class and its share; no class where the model is not sure. */
function topOf(values, threshold) {
  const share = Math.max(...values);
  return { index: share >= threshold ? values.indexOf(share) : -1, share };
}

/** Draw a line. `only` is the one class to show, or null for all of them. */
function drawLane(canvas, lane, data, only, tall) {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width) return;
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d");
  const columns = columnsOf(lane, data, width);
  canvas.dataset.columns = columns.length;
  columns.forEach((values, column) => {
    if (!values) return;
    const left = Math.round((column * canvas.width) / columns.length);
    const wide = Math.round(((column + 1) * canvas.width) / columns.length) - left;
    const bar = (index, from, to, alpha) => {
      pen.globalAlpha = alpha;
      pen.fillStyle = data.colours[index];
      pen.fillRect(left, canvas.height * (1 - to), wide, canvas.height * (to - from));
    };
    if (only !== null) {
      bar(only, 0, values[only], 1);
    } else if (tall) {
      let from = 0;
      values.forEach((value, index) => {
        bar(index, from, (from += value), 1);
        pen.globalAlpha = value * canvas.height > 2 * scale ? 1 : 0;
        pen.fillStyle = INK;
        pen.fillRect(left, Math.round(canvas.height * (1 - from)), wide, Math.round(scale));
      });
    } else {
      const { index, share } = topOf(values, data.threshold);
      if (index >= 0) bar(index, 0, 1, 0.25 + 0.75 * share);
      else if (column % 2) {
        pen.globalAlpha = 0.5;
        pen.fillStyle = data.unsure;
        pen.fillRect(left, 0, wide, canvas.height);
      }
    }
  });
  drawEvents(pen, canvas, data);
}

/** What happened, over a line: a stroke, and a shade as long as it lasted. */
function drawEvents(pen, canvas, data) {
  const at = (time_s) => (time_s / data.length_s) * canvas.width;
  pen.fillStyle = getComputedStyle(canvas).color;
  data.events.forEach(({ time_s, end_s }) => {
    pen.globalAlpha = 0.25;
    pen.fillRect(at(time_s), 0, at(end_s ?? time_s) - at(time_s), canvas.height);
    pen.globalAlpha = 1;
    pen.fillRect(at(time_s), 0, 2 * (window.devicePixelRatio || 1), canvas.height);
  });
}
