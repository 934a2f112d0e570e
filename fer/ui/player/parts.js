// Small things that the player is put together from.

const ICONS = {
  play: "M6 4l14 8-14 8z",
  pause: "M5 4h5v16H5zm9 0h5v16h-5z",
  earlier: "M4 4h3v16H4zm16 0v16L9 12z",
  later: "M17 4h3v16h-3zM4 4l11 8-11 8z",
  sound: "M3 9v6h4l6 5V4L7 9zm13-1.5v9a5 5 0 000-9z",
  muted: "M3 9v6h4l6 5V4L7 9zm12 .4L16.4 8 18.5 10.1 20.6 8 22 9.4 19.9 11.5 22 13.6 20.6 15 18.5 12.9 16.4 15 15 13.6 17.1 11.5z",
  large: "M3 3h7v3H6v4H3zm11 0h7v7h-3V6h-4zM3 14h3v4h4v3H3zm15 0h3v7h-7v-3h4z",
};

const ARROW_S = 1;
const SHIFT_ARROW_S = 10;
// Python hears where the time came to rest, not of every pixel on the way.
const REST_MS = 300;

function icon(button, name) {
  if (button.dataset.icon === name) return;
  button.dataset.icon = name;
  button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
}

function clock(seconds, tenths = false) {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((n) => String(n).padStart(2, "0"));
  const hours = Math.floor(whole / 3600);
  const text = (hours ? `${hours}:${parts[0]}` : String(Number(parts[0]))) + `:${parts[1]}`;
  return tenths ? `${text}.${Math.floor((seconds - whole) * 10)}` : text;
}

function rounded(seconds) {
  return Math.round(seconds * 1000) / 1000;
}

function element(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  return made;
}
