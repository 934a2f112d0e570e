// A video, its scrubber and a line per person: each follows the others. See __init__.py.

class Player {
  constructor(root, host) {
    this.root = root.querySelector(".player");
    this.host = host;
    const part = (name) => this.root.querySelector(name);
    this.video = part("video");
    [this.stage, this.said, this.lines, this.lanes] = [".stage", ".said", ".lines", ".lanes"].map(part);
    [this.scrub, this.head, this.tip, this.clock] = [".scrub", ".head", ".tip", ".clock"].map(part);
    [this.choice, this.peaks, this.play] = [".choice", ".peaks", ".play"].map(part);
    [this.events, this.marks] = [".events", ".marks"].map(part);
    this.sound = part(".sound");
    this.still = 0; // The time where there is no video to play.
    this.only = null;
    this.tall = false;
    ["earlier", "later", "large"].forEach((name) => icon(part(`.${name}`), name));
    part(".earlier").onclick = () => this.jump(-1);
    part(".later").onclick = () => this.jump(1);
    part(".large").onclick = () => this.fill();
    part("select").onchange = (event) => (this.video.playbackRate = Number(event.target.value));
    this.play.onclick = () => this.toggle();
    this.sound.onclick = () => (this.video.muted = !this.video.muted);
    this.scrub.oninput = () => this.seek(Number(this.scrub.value));
    const { video } = this;
    ["timeupdate", "seeking", "seeked", "play", "pause", "volumechange"].forEach((name) =>
      video.addEventListener(name, () => this.follow()),
    );
    ["pause", "seeked"].forEach((name) => video.addEventListener(name, () => this.rest()));
    video.onclick = () => this.toggle();
    video.onplay = () => this.roll();
    video.onloadedmetadata = () => (video.currentTime = this.data.now_s);
    video.onerror = () => {
      this.said.textContent = "This browser cannot play this video. The lines below still work.";
    };
    this.onfull = () => (video.controls = document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", this.onfull);
    this.pointers();
    this.onkey = (event) => this.key(event);
    document.addEventListener("keydown", this.onkey);
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(this.lines);
  }

  update({ data, setStateValue }) {
    const first = !this.data;
    this.data = data;
    this.setStateValue = setStateValue;
    this.stage.classList.toggle("none", !data.src);
    this.root.querySelectorAll(".play, .sound, .large, .speed").forEach((part) => {
      part.hidden = !data.src;
    });
    if (data.src && this.src !== data.src) {
      this.src = this.video.src = data.src;
      this.said.textContent = "";
    }
    if (first) {
      this.still = data.now_s;
      this.told = rounded(data.now_s);
    }
    this.scrub.max = data.length_s;
    this.people = data.people.map((one) => ({ ...one, bytes: bytesOf(one.rows) }));
    this.fillLanes();
    this.fillEvents();
    this.fillChoice();
    this.fillPeaks();
    this.draw();
  }

  fillLanes() {
    this.lanes.replaceChildren(
      ...this.people.map((one) => {
        const row = element("div", "", { class: "row" });
        const who = element("span", "", { class: "who", title: one.name });
        one.chips.forEach(({ text, colour, ink }) => {
          const chip = element("span", text, { class: "chip" });
          Object.assign(chip.style, { background: colour, color: ink });
          who.append(chip);
        });
        who.append(element("b", one.name));
        row.append(who, element("canvas", "", { role: "img", "aria-label": one.says }));
        return row;
      }),
    );
  }

  fillEvents() {
    const { events, length_s: length } = this.data;
    this.events.hidden = !events.length;
    this.marks.replaceChildren(
      ...events.map(({ time_s, end_s, label, note }) => {
        const until = end_s === null ? "" : ` to ${clock(end_s, true)}`;
        const says = `${clock(time_s, true)}${until} ${label}${note ? `, ${note}` : ""}`;
        const made = element("button", label, { type: "button", title: says, "aria-label": says });
        made.classList.toggle("late", time_s > 0.85 * length);
        made.style.left = `${(100 * time_s) / length}%`;
        made.onclick = () => this.seek(time_s);
        return made;
      }),
    );
  }

  /** Names of events where there is room for them; of the others the mark alone. */
  nameEvents() {
    let free = 0;
    [...this.marks.children].forEach((button) => {
      button.classList.remove("bare");
      const { width } = button.getBoundingClientRect();
      const left = button.offsetLeft - (button.classList.contains("late") ? width : 0);
      if (left < free) button.classList.add("bare");
      else free = left + width;
    });
  }

  fillChoice() {
    const button = (text, colour, pressed, press) => {
      const made = element("button", "", { type: "button", "aria-pressed": pressed });
      if (colour) made.append(Object.assign(element("i"), { style: `background:${colour}` }));
      made.append(text);
      made.onclick = () => {
        press();
        this.fillChoice();
        this.draw();
      };
      return made;
    };
    const focused = [...this.choice.children].indexOf(this.root.getRootNode().activeElement);
    this.choice.replaceChildren(
      button("All emotions", null, this.only === null, () => (this.only = null)),
      ...this.data.labels.map((label, index) =>
        button(label, this.data.colours[index], this.only === index, () => (this.only = index)),
      ),
      button("Higher lines", null, this.tall, () => (this.tall = !this.tall)),
    );
    this.choice.children[focused]?.focus();
  }

  fillPeaks() {
    this.peaks.replaceChildren(
      ...this.data.peaks.map(({ time_s, label, share, who }) => {
        const made = element("button", "", { type: "button", "data-time": time_s });
        const colour = this.data.colours[this.data.labels.indexOf(label)];
        made.append(Object.assign(element("i"), { style: `background:${colour}` }));
        const name = this.people.length > 1 ? `, ${who}` : "";
        made.append(`${clock(time_s)} ${label} ${Math.round(share * 100)}%${name}`);
        made.onclick = () => this.seek(time_s);
        return made;
      }),
    );
    if (this.data.peaks.length) this.peaks.prepend(element("span", "Peaks"));
    this.root.querySelectorAll(".earlier, .later").forEach((button) => {
      button.disabled = !this.data.peaks.length;
    });
  }

  draw() {
    if (!this.data) return;
    this.lanes.classList.toggle("tall", this.tall);
    this.lanes.querySelectorAll("canvas").forEach((canvas, index) =>
      drawLane(canvas, this.people[index], this.data, this.only, this.tall),
    );
    this.nameEvents();
    this.follow();
  }

  plays() {
    return this.data.src && !this.video.error;
  }

  now() {
    return this.plays() ? this.video.currentTime : this.still;
  }

  seek(time_s) {
    const to = Math.min(Math.max(0, time_s), this.data.length_s);
    if (this.plays()) this.video.currentTime = to;
    else {
      this.still = to;
      this.rest();
    }
    this.follow();
  }

  toggle() {
    if (!this.plays()) return;
    if (this.video.paused) this.video.play().catch(() => {});
    else this.video.pause();
  }

  /** To the peak before (-1) or after (1) this time. */
  jump(way) {
    const now = this.now();
    const times = this.data.peaks.map((peak) => peak.time_s).filter((t) => (t - now) * way > 0.05);
    if (times.length) this.seek(way > 0 ? Math.min(...times) : Math.max(...times));
  }

  fill() {
    if (this.video.requestFullscreen) this.video.requestFullscreen().catch(() => {});
    else this.video.webkitEnterFullscreen?.();
  }

  /** While it plays, the line of now moves with every picture of the screen. */
  roll() {
    this.follow();
    if (!this.video.paused && !this.video.ended) requestAnimationFrame(() => this.roll());
  }

  follow() {
    const now = this.now();
    const { length_s: length } = this.data;
    const { left, width } = this.track();
    this.head.style.left = `${left + (width * Math.min(now, length)) / length}px`;
    this.scrub.value = now;
    this.scrub.setAttribute("aria-valuetext", clock(now, true));
    this.clock.textContent = `${clock(now, true)} / ${clock(Math.round(length))}`;
    const { paused, muted } = this.video;
    icon(this.play, paused ? "play" : "pause");
    this.play.setAttribute("aria-label", paused ? "Play" : "Pause");
    icon(this.sound, muted ? "muted" : "sound");
    this.sound.setAttribute("aria-label", muted ? "Sound on" : "Sound off");
    this.peaks.querySelectorAll("button").forEach((button) => {
      const near = Math.abs(Number(button.dataset.time) - now) < 0.06;
      button.setAttribute("aria-current", near);
    });
  }

  /** Tell Python the time, once it rests. */
  rest() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const time_s = rounded(this.now());
      if (!this.video.paused || time_s === this.told) return;
      this.told = time_s;
      this.setStateValue("time_s", time_s);
    }, REST_MS);
  }

  /** Where the lines lie, in pixels from the left of their frame. */
  track() {
    const place = this.lanes.querySelector("canvas") || this.scrub;
    const { left, width } = place.getBoundingClientRect();
    return { left: left - this.lines.getBoundingClientRect().left, width };
  }

  pointers() {
    const timeAt = (event) => {
      const { left, width } = this.track();
      const x = event.clientX - this.lines.getBoundingClientRect().left - left;
      return (Math.min(Math.max(0, x), width) / width) * this.data.length_s;
    };
    this.lanes.addEventListener("pointerdown", (event) => {
      if (event.target.tagName !== "CANVAS" || event.button) return;
      event.target.setPointerCapture(event.pointerId);
      this.dragging = true;
      this.root.focus({ preventScroll: true });
      this.seek(timeAt(event));
    });
    this.lanes.addEventListener("pointermove", (event) => {
      if (this.dragging) this.seek(timeAt(event));
      this.hint(event, timeAt(event));
    });
    ["pointerup", "pointercancel"].forEach((name) =>
      this.lanes.addEventListener(name, () => (this.dragging = false)),
    );
    this.lanes.addEventListener("pointerleave", () => (this.tip.hidden = true));
  }

  /** What was read there, over the pointer. */
  hint(event, time_s) {
    const index = [...this.lanes.querySelectorAll("canvas")].indexOf(event.target);
    this.tip.hidden = index < 0;
    if (index < 0) return;
    const { data } = this;
    const step = Math.floor(time_s / data.step_s);
    const values = meanOf(this.people[index], data.labels.length, step, step + 1);
    let says = "not in the picture";
    if (values) {
      const top = topOf(values, data.threshold);
      const shown = this.only ?? top.index;
      says = shown < 0 ? "unsure" : `${data.labels[shown]} ${Math.round(values[shown] * 100)}%`;
    }
    this.tip.textContent = `${clock(time_s, true)} ${says}`;
    const frame = this.lines.getBoundingClientRect();
    const half = this.tip.offsetWidth / 2;
    const x = Math.min(Math.max(event.clientX - frame.left, half), frame.width - half);
    this.tip.style.left = `${x}px`;
    this.tip.style.bottom = `${frame.bottom - event.target.getBoundingClientRect().top + 4}px`;
  }

  key(event) {
    const inside = document.activeElement === this.host;
    const nowhere = !document.activeElement || document.activeElement === document.body;
    if (!(inside || nowhere) || event.ctrlKey || event.metaKey || event.altKey) return;
    const on = event.composedPath()[0].tagName;
    const step = event.shiftKey ? SHIFT_ARROW_S : ARROW_S;
    const does = {
      " ": on === "BUTTON" || on === "SELECT" ? null : () => this.toggle(),
      ArrowLeft: on === "SELECT" ? null : () => this.seek(this.now() - step),
      ArrowRight: on === "SELECT" ? null : () => this.seek(this.now() + step),
      p: () => this.jump(-1),
      n: () => this.jump(1),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }

  close() {
    clearTimeout(this.timer);
    document.removeEventListener("keydown", this.onkey);
    document.removeEventListener("fullscreenchange", this.onfull);
    this.watch.disconnect();
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }
}

export default function (component) {
  const { parentElement } = component;
  // The page is drawn again with new data while the video plays on.
  const player = (parentElement.player ??= new Player(parentElement, parentElement.host));
  player.update(component);
  return () => {
    player.close();
    delete parentElement.player;
  };
}
